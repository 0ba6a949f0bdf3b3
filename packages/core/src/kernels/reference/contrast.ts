/**
 * Gradients as sums of products of states.
 *
 *   weights   Re[ c · ∂⟨r_above, P(W ∗ r_below)⟩/∂W ]      dense: Re[ c · r_below ⊗ r_above ]
 *   biases    Re[ c · Σ r_above ]
 *   read-out  r_below ⊗ (p − y),   p − y
 *
 * r is what units show; under a prediction-error energy the factor above is the error e, as −∂E/∂W = ρ(s_below) ⊗ e.
 */
import type { Complex } from '../../tensor/complex.ts';
import type { Contrast, ContrastTerm } from '../kernel-set.ts';
import { emit } from './emission.ts';
import { copy, type Field, realPart } from './field.ts';
import type { Layout, Link } from './layout.ts';
import { readoutLink } from './readout.ts';
import { predictionErrors } from './step.ts';

/** Where a contrast goes: one array and one factor per entry of `layout.parameters`. */
export interface Destination {
  arrayOf(parameter: number): Float64Array;
  scaleOf(parameter: number): number;
}

export function addContrast(layout: Layout, { terms, readoutAt }: Contrast, to: Destination, samples: number): void {
  for (const term of terms) addTerm(layout, term, to, samples);
  if (layout.network.readout === 'softmax-cross-entropy' && readoutAt !== undefined)
    addReadout(layout, readoutAt, to, samples);
}

function addTerm(layout: Layout, term: ContrastTerm, to: Destination, samples: number): void {
  const coefficient: Complex =
    typeof term.coefficient === 'number' ? { re: term.coefficient, im: 0 } : term.coefficient;
  // Above first: it keeps what it needs of what that slot shows, and what the slot below shows may then take its place.
  const above = factorsAbove(layout, term.above, samples);
  const below = emit(layout, statesIn(layout, term.below), samples);
  addProducts(layout, below, above, coefficient, term.weights, to, samples);
}

/** Products of whole sets of fields, for terms and for backpropagation through time. */
export function addProducts(
  layout: Layout,
  below: readonly Field[],
  above: readonly Field[],
  { re, im }: Complex,
  kind: ContrastTerm['weights'],
  to: Destination,
  samples: number,
): void {
  const connections = layout.links.length;
  const layers = layout.units.length - 1;
  layout.links.forEach((link, k) => {
    const { from, to: layer } = link.connection;
    if (layer > layout.lastSettling || !(kind === 'feedback' ? link.feedsBack : link.feedsForward)) return;
    const parameter = kind === 'feedback' ? connections + layers + k : k;
    const scale = to.scaleOf(parameter);
    const scaled = { re: re * scale, im: im * scale };
    link.operator.product(weightsOf(link, kind), below[from], above[layer], scaled, to.arrayOf(parameter), samples);
  });
  if (kind === 'feedback') return;
  for (let layer = 1; layer <= layout.lastSettling; layer++) {
    const parameter = connections + layer - 1;
    const scale = to.scaleOf(parameter);
    const field = above[layer];
    addOverPositions(layout, layer, field.re, re * scale, to.arrayOf(parameter), samples);
    if (field.im !== undefined) addOverPositions(layout, layer, field.im, -im * scale, to.arrayOf(parameter), samples);
  }
}

function weightsOf(link: Link, kind: ContrastTerm['weights']): Float64Array {
  return kind === 'feedback' ? link.feedback : link.weights;
}

/** biases_channel += factor · Σ over samples and positions. */
function addOverPositions(
  layout: Layout,
  layer: number,
  values: Float64Array,
  factor: number,
  biases: Float64Array,
  samples: number,
): void {
  const positions = layout.positions[layer];
  let at = 0;
  for (let sample = 0; sample < samples; sample++) {
    for (let channel = 0; channel < biases.length; channel++) {
      for (let position = 0; position < positions; position++) biases[channel] += factor * values[at++];
    }
  }
}

/** States of a slot, with their imaginary parts if they have any. */
export function statesIn(layout: Layout, slot: number): readonly Field[] {
  const fields = layout.slots[slot];
  return layout.isComplex[slot] ? fields : fields.map(realPart);
}

/** Outside the scratch `emitted`, which the factors below may need. */
function factorsAbove(layout: Layout, slot: number, samples: number): readonly Field[] {
  const states = statesIn(layout, slot);
  switch (layout.network.dynamics.kind) {
    case 'discrete-map':
    case 'goodness':
      return states;
    case 'energy-gradient':
      return kept(layout, emit(layout, states, samples), samples);
    case 'prediction-error':
      return predictionErrors(layout, states, emit(layout, states, samples), samples);
    default:
      layout.network.dynamics satisfies never;
      throw new Error('unreachable dynamics');
  }
}

function kept(layout: Layout, emitted: readonly Field[], samples: number): readonly Field[] {
  return emitted.map((field, layer) => {
    if (layer === 0) return field;
    const into = realPart(layout.scratch.next[layer]);
    copy(field, into, samples * layout.units[layer]);
    return into;
  });
}

function addReadout(layout: Layout, slot: number, to: Destination, samples: number): void {
  const last = layout.units.length - 1;
  const states = statesIn(layout, slot).map(realPart);
  const shown = layout.network.dynamics.kind === 'goodness' ? emit(layout, states, samples) : states;
  const errors = realPart(layout.scratch.tangents[last]);
  const count = samples * layout.units[last];
  for (let i = 0; i < count; i++) errors.re[i] = states[last].re[i] - layout.labels[i];
  const link = readoutLink(layout);
  const parameter = layout.links.length - 1;
  const scale = { re: to.scaleOf(parameter), im: 0 };
  link.operator.product(link.weights, shown[last - 1], errors, scale, to.arrayOf(parameter), samples);
  const biases = layout.links.length + last - 1;
  addOverPositions(layout, last, errors.re, to.scaleOf(biases), to.arrayOf(biases), samples);
}
