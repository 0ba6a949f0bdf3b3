/**
 * Errors that travel instead of settling: backpropagation, its unrolled form in time, and layers' own goodness.
 *
 *   one upward sweep      δ_k = σ'(drive_k) ⊙ [∂C/∂s_k + Σ_{k → to} Jᵀ δ_to]
 *   one relaxation step   δ = ε σ' ⊙ λ',   λ = (1 − ε) λ' + Dᵀ δ,   gradient += Dq(r; δ)
 *   goodness              g = mean s²,  loss = ln(1 + e^(∓(g − threshold))),   δ = loss'(g) · (2 / n) s ⊙ σ'
 *
 * D is the Jacobian of the drive and q = ∂Φ/∂θ. Both are derivatives of polynomials or analytic functions in a direction,
 * so one evaluation at r + ihδ with a tiny h gives them without cancellation: f(r + ihδ) = f(r) + ih Df + O(h²).
 */
import { addProducts, type Destination, statesIn } from './contrast.ts';
import { slopesAt } from './correction.ts';
import { driveLayer, FULL_DRIVE, UPWARD_DRIVE } from './drive.ts';
import { emit, meanSquare } from './emission.ts';
import { clear, type Field, realPart } from './field.ts';
import type { Layout } from './layout.ts';
import { costGradientOf } from './readout.ts';
import { refuseSettings } from './unit-settings.ts';

/** Small enough that h² vanishes beside 1 in float64, large enough that h times a tiny error does not underflow. */
const IMAGINARY_STEP = 2 ** -300;

const TANGENT = { bias: false, feedback: true, transposed: true } as const;

/** ∂C/∂s of the last settling layer, zeros elsewhere. */
export function costGradient(layout: Layout, at: number, into: number, samples: number): void {
  const target = realSlot(layout, into);
  for (let layer = 1; layer < target.length; layer++) clear(target[layer]);
  const states = statesIn(layout, at).map(realPart);
  const probabilities = realPart(layout.scratch.tangents[layout.units.length - 1]);
  costGradientOf(layout, states[layout.lastSettling], probabilities, target[layout.lastSettling], samples);
}

/** Down through the feedback weights: the chain rule where they are the weights themselves, feedback alignment elsewhere. */
export function propagateErrors(layout: Layout, at: number, into: number, samples: number): void {
  const { kind } = layout.network.dynamics;
  if (kind !== 'discrete-map') throw new RangeError(`an upward sweep of ${kind} passes no errors down`);
  refuseSettings(layout, 'error propagation');
  const isSymmetric = layout.network.feedback === 'symmetric';
  costGradient(layout, at, into, samples);
  const states = statesIn(layout, at).map(realPart);
  const errors = realSlot(layout, into);
  for (let layer = layout.lastSettling; layer >= 1; layer--) {
    for (const { connection, operator, feedback, feedsBack, joinsSettlingLayers } of layout.links) {
      // By the chain rule an error goes back wherever a drive went up, even where no drive comes down.
      if (connection.from !== layer || !(isSymmetric ? joinsSettlingLayers : feedsBack)) continue;
      operator.backward(feedback, states[layer], errors[connection.to], errors[layer], samples);
    }
    scaleBySlopes(layout, layer, states, errors[layer].re, samples);
  }
}

/** values ⊙= σ'(drive) with the drive of an upward sweep. */
function scaleBySlopes(
  layout: Layout,
  layer: number,
  emitted: readonly Field[],
  values: Float64Array,
  samples: number,
): void {
  const drive = realPart(layout.scratch.drive[layer]);
  driveLayer(layout, layer, emitted, drive, samples, UPWARD_DRIVE);
  const { slope } = layout.activations[layer];
  for (let i = 0; i < samples * layout.units[layer]; i++) values[i] *= slope(drive.re[i]);
}

export function adjointStep(
  layout: Layout,
  at: number,
  adjoint: number,
  into: number,
  gradients: Destination,
  samples: number,
): void {
  const { dynamics } = layout.network;
  if (dynamics.kind !== 'discrete-map' && dynamics.kind !== 'energy-gradient') {
    throw new RangeError(`a step of ${dynamics.kind} is not differentiated`);
  }
  refuseSettings(layout, 'an adjoint step');
  const { network, links } = layout;
  // One product for both ways a weight is used would count a way that is not there.
  if (network.feedback === 'symmetric' && links.some((link) => link.joinsSettlingLayers && !link.feedsBack)) {
    throw new RangeError('a step through connections that only lead up is differentiated with separate feedback only');
  }
  const states = statesIn(layout, at).map(realPart);
  const emitted = emit(layout, states, samples);
  const given = layout.slots[adjoint];
  const result = realSlot(layout, into);
  const { stepSize } = dynamics;
  // δ times h as the imaginary part of what layers show.
  const shifted = emitted.map((field, layer): Field => {
    return layer === 0 ? field : { re: field.re, im: layout.scratch.tangents[layer].re };
  });
  for (let layer = 1; layer <= layout.lastSettling; layer++) {
    const drive = realPart(layout.scratch.drive[layer]);
    driveLayer(layout, layer, emitted, drive, samples, FULL_DRIVE);
    const direction = layout.scratch.tangents[layer].re;
    const { slope, curvature, lowest, highest } = layout.activations[layer];
    const state = states[layer].re;
    for (let i = 0; i < samples * layout.units[layer]; i++) {
      const lambda = given[layer].re[i];
      if (dynamics.kind === 'discrete-map') {
        direction[i] = stepSize * slope(drive.re[i]) * lambda * IMAGINARY_STEP;
        result[layer].re[i] = (1 - stepSize) * lambda;
        continue;
      }
      const rho = slope(state[i]);
      const moved = state[i] + stepSize * (-state[i] + rho * drive.re[i]);
      // A state that the clip holds on a bound passes nothing on.
      const passed = moved < lowest || moved > highest ? 0 : lambda;
      direction[i] = stepSize * rho * passed * IMAGINARY_STEP;
      result[layer].re[i] = (1 - stepSize) * passed + stepSize * curvature(state[i]) * drive.re[i] * passed;
    }
  }
  // The adjoint is read no more, so `into` may be the same slot.
  for (let layer = 1; layer <= layout.lastSettling; layer++) {
    const tangent: Field = { re: layout.scratch.drive[layer].re, im: layout.scratch.next[layer].re };
    driveLayer(layout, layer, shifted, tangent, samples, TANGENT);
    const { slope } = layout.activations[layer];
    for (let i = 0; i < samples * layout.units[layer]; i++) {
      const outer = dynamics.kind === 'energy-gradient' ? slope(states[layer].re[i]) : 1;
      result[layer].re[i] += (outer * layout.scratch.next[layer].re[i]) / IMAGINARY_STEP;
    }
  }
  addStepGradient(layout, emitted, shifted, gradients, samples);
}

/** Dq(r; δ): Im q(r + ihδ) / h, which is the real part of q times −i / h. */
function addStepGradient(
  layout: Layout,
  emitted: readonly Field[],
  shifted: readonly Field[],
  gradients: Destination,
  samples: number,
): void {
  const derivative = { re: 0, im: -1 / IMAGINARY_STEP };
  if (layout.network.feedback === 'symmetric') {
    addProducts(layout, shifted, shifted, derivative, 'feedforward', gradients, samples);
    return;
  }
  // Each set of weights drives one direction only: δ above for those that lead up, δ below for those that lead down.
  const directions = shifted.map(({ re, im }): Field => ({ re: new Float64Array(re.length), im }));
  addProducts(layout, emitted, directions, derivative, 'feedforward', gradients, samples);
  addProducts(layout, directions, emitted, derivative, 'feedback', gradients, samples);
}

/** (upper − lower) ⊙ σ'(drive at `at`). */
export function response(
  layout: Layout,
  at: number,
  lower: number,
  upper: number,
  into: number,
  samples: number,
): void {
  refuseSettings(layout, 'a response');
  const slopes = slopesAt(layout, statesIn(layout, at).map(realPart), samples);
  const target = realSlot(layout, into);
  for (let layer = 1; layer <= layout.lastSettling; layer++) {
    const from = layout.slots[lower][layer].re;
    const to = layout.slots[upper][layer].re;
    const values = target[layer].re;
    for (let i = 0; i < samples * layout.units[layer]; i++) values[i] = (to[i] - from[i]) * slopes[layer][i];
  }
}

export function goodnessErrors(layout: Layout, at: number, into: number, isReal: boolean, samples: number): number {
  const { dynamics } = layout.network;
  if (dynamics.kind !== 'goodness') throw new RangeError(`layers of ${dynamics.kind} have no goodness`);
  const states = statesIn(layout, at).map(realPart);
  const emitted = emit(layout, states, samples);
  const target = realSlot(layout, into);
  const sign = isReal ? -1 : 1;
  let loss = 0;
  for (let layer = 1; layer <= layout.lastSettling; layer++) {
    const units = layout.units[layer];
    const state = states[layer].re;
    const values = target[layer].re;
    for (let first = 0; first < samples * units; first += units) {
      const excess = sign * (meanSquare(state, first, units) - dynamics.threshold);
      loss += Math.max(excess, 0) + Math.log1p(Math.exp(-Math.abs(excess)));
      const pull = (sign / (1 + Math.exp(-excess))) * (2 / units);
      for (let i = first; i < first + units; i++) values[i] = pull * state[i];
    }
    scaleBySlopes(layout, layer, emitted, values, samples);
  }
  return loss;
}

function realSlot(layout: Layout, slot: number): readonly Field[] {
  layout.isComplex[slot] = false;
  return layout.slots[slot].map(realPart);
}
