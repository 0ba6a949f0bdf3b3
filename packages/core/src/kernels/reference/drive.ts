/**
 * What drives a layer: its bias, what connections from below bring up, and what those to layers above bring back.
 *
 *   drive_k = b_k + Σ_{c: → k} P_c(W_c ∗ r_from) + Σ_{c: k →} J_cᵀ r_to
 *
 * where units have no gains (./unit-settings.ts), and c are those connections that lead up, or down. This is ∂Φ/∂r_k for the interaction Φ = Σ_c ⟨r_to, P_c(W_c ∗ r_from)⟩ + Σ_k b_k · r_k, r being what units show.
 */
import { clear, type Field, realPart } from './field.ts';
import type { Layout, Link } from './layout.ts';
import { scaleByGain } from './unit-settings.ts';

export interface DriveOptions {
  readonly bias: boolean;
  /** Of connections from layers above. */
  readonly feedback: boolean;
  /** Uses the feedback weights upwards and the others downwards, which transposes the drive's Jacobian. */
  readonly transposed: boolean;
}

export const FULL_DRIVE: DriveOptions = { bias: true, feedback: true, transposed: false };
export const UPWARD_DRIVE: DriveOptions = { bias: true, feedback: false, transposed: false };

/** Fills `into` for one layer from what all layers show; `emitted[0]` is the input. */
export function driveLayer(
  layout: Layout,
  layer: number,
  emitted: readonly Field[],
  into: Field,
  samples: number,
  options: DriveOptions,
): void {
  const { hasGains, fromBelow, fromAbove } = layout.settings[layer];
  clear(into);
  if (options.bias) {
    addBiases(layout, layer, into.re, samples);
    addInputDrive(layout, layer, into, samples);
  }
  addWithGain(layout, layer, into, hasGains ? fromBelow : undefined, samples, (sum) => {
    for (const link of layout.links) {
      const { from, to } = link.connection;
      if (to !== layer || from === 0) continue;
      const { weights, leads } = upwards(link, options);
      if (leads) link.operator.forward(weights, emitted[from], sum, samples);
    }
  });
  if (!options.feedback) return;
  addWithGain(layout, layer, into, hasGains ? fromAbove : undefined, samples, (sum) => {
    for (const link of layout.links) {
      const { from, to } = link.connection;
      if (from !== layer) continue;
      const { weights, leads } = downwards(link, options);
      if (leads) link.operator.backward(weights, emitted[from], emitted[to], sum, samples);
    }
  });
}

interface Way {
  readonly weights: Float64Array;
  readonly leads: boolean;
}

function upwards(link: Link, { transposed }: DriveOptions): Way {
  return transposed
    ? { weights: link.feedback, leads: link.feedsBack }
    : { weights: link.weights, leads: link.feedsForward };
}

function downwards(link: Link, { transposed }: DriveOptions): Way {
  return transposed
    ? { weights: link.weights, leads: link.feedsForward && link.joinsSettlingLayers }
    : { weights: link.feedback, leads: link.feedsBack };
}

/** into += gain ⊙ sum, or the sum itself where there is no gain. */
export function addWithGain(
  { scratch }: Layout,
  layer: number,
  into: Field,
  gain: Float64Array | undefined,
  samples: number,
  addTo: (sum: Field) => void,
): void {
  if (gain === undefined) {
    addTo(into);
    return;
  }
  const sum = into.im === undefined ? realPart(scratch.partial[layer]) : scratch.partial[layer];
  clear(sum);
  addTo(sum);
  scaleByGain(sum, gain, samples);
  for (let i = 0; i < samples * gain.length; i++) {
    into.re[i] += sum.re[i];
    if (into.im !== undefined && sum.im !== undefined) into.im[i] += sum.im[i];
  }
}

function addInputDrive(layout: Layout, layer: number, into: Field, samples: number): void {
  const drive = layout.inputDrive[layer];
  if (drive === undefined) return;
  const count = samples * layout.units[layer];
  for (let i = 0; i < count; i++) into.re[i] += drive.re[i];
}

export function addBiases(layout: Layout, layer: number, into: Float64Array, samples: number): void {
  const biases = layout.biases[layer - 1];
  const positions = layout.positions[layer];
  let at = 0;
  for (let sample = 0; sample < samples; sample++) {
    for (let channel = 0; channel < biases.length; channel++) {
      for (let position = 0; position < positions; position++) into[at++] += biases[channel];
    }
  }
}

/** The clamped input's part of every drive, which stays the same through all phases of a batch. */
export function driveFromInput(layout: Layout, samples: number): void {
  for (const drive of layout.inputDrive) if (drive !== undefined) clear(drive);
  for (const { connection, operator, weights } of layout.links) {
    const drive = layout.inputDrive[connection.to];
    if (connection.from === 0 && drive !== undefined) operator.forward(weights, layout.inputs, drive, samples);
  }
}
