/**
 * One relaxation step: where the states of some layers go, given those of all.
 *
 *   energy gradient    s ← clip(s + ε [−s + ρ'(s) ⊙ drive + n])
 *   discrete map       s ← (1 − ε) s + ε σ(drive + n)    or   s ← (1 − ε) s + ε [σ(drive) + n]
 *   prediction error   s ← s + ε [−e_k + ρ'(s) ⊙ Σ_{k → to} Jᵀ e_to + n],   e_k = s_k − (b_k + Σ_{→ k} P(W ∗ ρ(s_below)))
 *
 * ε is the rate of each unit, which is the step size unless ./unit-settings.ts says otherwise; gains are in the drives. n = −β ∂C/∂s at the last settling layer. A free phase does not look at the label at all: 0 · ∞ would let it in.
 */
import type { Complex, ComplexResult } from '../../tensor/complex.ts';
import { addWithGain, type DriveOptions, driveLayer, FULL_DRIVE, UPWARD_DRIVE } from './drive.ts';
import { emit } from './emission.ts';
import { clear, type Field, realPart } from './field.ts';
import type { Layout } from './layout.ts';
import { costGradientOf } from './readout.ts';

export interface StepForces {
  /** Undefined in a free phase. */
  readonly beta: Complex | undefined;
  /** Adds the correction of a non-reciprocal network to layer k's force. */
  readonly correction: ((layer: number, states: readonly Field[]) => Float64Array) | undefined;
  /** One upward sweep instead of relaxation: no feedback, no memory of the state. */
  readonly upward: boolean;
}

/** Fills the scratch `next` of `layers` from `states`, all of the same moment. */
export function stepLayers(
  layout: Layout,
  layers: readonly number[],
  states: readonly Field[],
  forces: StepForces,
  samples: number,
): void {
  const { dynamics } = layout.network;
  switch (dynamics.kind) {
    case 'energy-gradient': {
      const emitted = emit(layout, states, samples);
      for (const layer of layers) stepEnergy(layout, layer, states, emitted, forces, samples);
      return;
    }
    case 'discrete-map':
    case 'goodness': {
      const emitted = emit(layout, states, samples);
      for (const layer of layers) stepMap(layout, layer, states, emitted, forces, samples);
      return;
    }
    case 'prediction-error': {
      const emitted = emit(layout, states, samples);
      if (!forces.upward) predictionErrors(layout, states, emitted, samples);
      for (const layer of layers) stepPrediction(layout, layer, states, emitted, forces, samples);
      return;
    }
    default:
      dynamics satisfies never;
      throw new Error('unreachable dynamics');
  }
}

/** −β ∂C/∂s into the scratch `tangents` of the last settling layer, or undefined where there is no nudge. */
function nudgeOf(
  layout: Layout,
  layer: number,
  states: readonly Field[],
  { beta }: StepForces,
  samples: number,
): Field | undefined {
  if (beta === undefined || layer !== layout.lastSettling) return undefined;
  const { tangents } = layout.scratch;
  const state = states[layer];
  const nudge = state.im === undefined ? realPart(tangents[layer]) : tangents[layer];
  costGradientOf(layout, state, tangents[layout.units.length - 1], nudge, samples);
  const count = samples * layout.units[layer];
  for (let i = 0; i < count; i++) {
    const re = nudge.re[i];
    const im = nudge.im === undefined ? 0 : nudge.im[i];
    nudge.re[i] = -(beta.re * re - beta.im * im);
    if (nudge.im !== undefined) nudge.im[i] = -(beta.re * im + beta.im * re);
  }
  return nudge;
}

function stepEnergy(
  layout: Layout,
  layer: number,
  states: readonly Field[],
  emitted: readonly Field[],
  forces: StepForces,
  samples: number,
): void {
  const drive = realPart(layout.scratch.drive[layer]);
  driveLayer(layout, layer, emitted, drive, samples, FULL_DRIVE);
  const nudge = nudgeOf(layout, layer, states, forces, samples);
  const { slope, lowest, highest } = layout.activations[layer];
  const state = states[layer].re;
  const next = layout.scratch.next[layer].re;
  const { rates } = layout.settings[layer];
  const count = samples * rates.length;
  for (let i = 0; i < count; i++) {
    const force = -state[i] + slope(state[i]) * drive.re[i] + (nudge === undefined ? 0 : nudge.re[i]);
    next[i] = Math.min(Math.max(state[i] + rates[i % rates.length] * force, lowest), highest);
  }
}

const result: ComplexResult = { re: 0, im: 0 };

function stepMap(
  layout: Layout,
  layer: number,
  states: readonly Field[],
  emitted: readonly Field[],
  forces: StepForces,
  samples: number,
): void {
  const { dynamics } = layout.network;
  const state = states[layer];
  const drive = state.im === undefined ? realPart(layout.scratch.drive[layer]) : layout.scratch.drive[layer];
  const options: DriveOptions = forces.upward ? UPWARD_DRIVE : FULL_DRIVE;
  driveLayer(layout, layer, emitted, drive, samples, options);
  // Before the nudge, for both use the same scratch.
  const correction = forces.correction?.(layer, states);
  const nudge = nudgeOf(layout, layer, states, forces, samples);
  const inside = dynamics.kind === 'discrete-map' && dynamics.nudge === 'inside' && correction === undefined;
  const { rates } = layout.settings[layer];
  const { value, continuation } = layout.activations[layer];
  const next = layout.scratch.next[layer];
  const count = samples * layout.units[layer];
  for (let i = 0; i < count; i++) {
    const rate = forces.upward ? 1 : rates[i % rates.length];
    const nudgeRe = nudge === undefined ? 0 : nudge.re[i];
    if (drive.im === undefined || next.im === undefined || state.im === undefined) {
      let to = inside ? value(drive.re[i] + nudgeRe) : value(drive.re[i]) + nudgeRe;
      if (correction !== undefined) to += correction[i];
      next.re[i] = rate === 1 ? to : state.re[i] + rate * (to - state.re[i]);
      continue;
    }
    const nudgeIm = nudge?.im === undefined ? 0 : nudge.im[i];
    if (continuation === undefined) throw new RangeError('an activation with corners has no complex states');
    continuation(drive.re[i] + (inside ? nudgeRe : 0), drive.im[i] + (inside ? nudgeIm : 0), result);
    const toRe = result.re + (inside ? 0 : nudgeRe);
    const toIm = result.im + (inside ? 0 : nudgeIm);
    next.re[i] = state.re[i] + rate * (toRe - state.re[i]);
    next.im[i] = state.im[i] + rate * (toIm - state.im[i]);
  }
}

/** e of every layer into the scratch `forces`. */
export function predictionErrors(
  layout: Layout,
  states: readonly Field[],
  emitted: readonly Field[],
  samples: number,
): readonly Field[] {
  const errors = layout.scratch.forces.map(realPart);
  for (let layer = 1; layer <= layout.lastSettling; layer++) {
    const prediction = realPart(layout.scratch.drive[layer]);
    driveLayer(layout, layer, emitted, prediction, samples, UPWARD_DRIVE);
    const count = samples * layout.units[layer];
    for (let i = 0; i < count; i++) errors[layer].re[i] = states[layer].re[i] - prediction.re[i];
  }
  return errors;
}

function stepPrediction(
  layout: Layout,
  layer: number,
  states: readonly Field[],
  emitted: readonly Field[],
  forces: StepForces,
  samples: number,
): void {
  const state = states[layer].re;
  const next = layout.scratch.next[layer].re;
  const count = samples * layout.units[layer];
  const drive = realPart(layout.scratch.drive[layer]);
  if (forces.upward) {
    driveLayer(layout, layer, emitted, drive, samples, UPWARD_DRIVE);
    next.set(drive.re.subarray(0, count));
    return;
  }
  const errors = layout.scratch.forces;
  const { hasGains, fromAbove, rates } = layout.settings[layer];
  clear(drive);
  addWithGain(layout, layer, drive, hasGains ? fromAbove : undefined, samples, (sum) => {
    for (const link of layout.links) {
      const { from, to } = link.connection;
      if (from !== layer || !link.feedsBack) continue;
      link.operator.backward(link.feedback, emitted[layer], realPart(errors[to]), sum, samples);
    }
  });
  const nudge = nudgeOf(layout, layer, states, forces, samples);
  const { slope } = layout.activations[layer];
  for (let i = 0; i < count; i++) {
    const force = -errors[layer].re[i] + slope(state[i]) * drive.re[i] + (nudge === undefined ? 0 : nudge.re[i]);
    next[i] = state[i] + rates[i % rates.length] * force;
  }
}
