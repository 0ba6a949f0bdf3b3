/**
 * What units show their neighbours: ρ(s) in an energy of states, s itself in a discrete map, s scaled to unit mean square
 * over the layer where layers learn by goodness. The input shows its pixels as they are.
 */
import { type Field, realPart } from './field.ts';
import type { Layout } from './layout.ts';

/** Fills the scratch `emitted` from `states`, or hands `states` back where they are shown as they are. */
export function emit(layout: Layout, states: readonly Field[], samples: number): readonly Field[] {
  const { dynamics } = layout.network;
  if (dynamics.kind === 'discrete-map') return states;
  for (let layer = 1; layer <= layout.lastSettling; layer++) {
    const into = layout.scratch.emitted[layer].re;
    if (dynamics.kind === 'goodness') scaleLayer(states[layer].re, into, layout.units[layer], samples);
    else {
      const { value } = layout.activations[layer];
      const count = samples * layout.units[layer];
      for (let i = 0; i < count; i++) into[i] = value(states[layer].re[i]);
    }
  }
  return layout.scratch.emitted.map((field, layer) => (layer === 0 ? states[0] : realPart(field)));
}

/** Keeps a silent layer from being divided by zero. */
const SMALLEST_ROOT = 1e-8;

function scaleLayer(states: Float64Array, into: Float64Array, units: number, samples: number): void {
  for (let first = 0; first < samples * units; first += units) {
    const scale = 1 / (Math.sqrt(meanSquare(states, first, units)) + SMALLEST_ROOT);
    for (let i = first; i < first + units; i++) into[i] = states[i] * scale;
  }
}

export function meanSquare(values: Float64Array, first: number, count: number): number {
  let sum = 0;
  for (let i = first; i < first + count; i++) sum += values[i] * values[i];
  return sum / count;
}
