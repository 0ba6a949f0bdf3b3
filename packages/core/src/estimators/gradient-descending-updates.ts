/**
 * Does a nudged phase unfold the exact gradient step by step?
 *
 *   nudged from the free state s⁰:      Δθ(t)  = −[∂E/∂θ(s_{t+1}) − ∂E/∂θ(s_t)] / β
 *   unrolled at the same free state:    ∇θ(t)  = the part of dC/dθ that passes through t further steps
 *   property                            Δθ(t) → −∇θ(t) as β → 0, for every t
 *
 * Exact where the nudge acts within the step: for the energy gradient, whose step has a symmetric Jacobian, and for the
 * discrete map nudged inside σ, whose states follow the gradient by their drives.
 *
 * Ernoult, Grollier, Querlioz, Bengio & Scellier, NeurIPS 2019, arXiv:1905.13633, theorem 1.
 */
import type { NetworkKernels, ParameterValues, Slot } from '../kernels/kernel-set.ts';
import { difference } from './equilibrium-propagation.ts';
import { FREE } from './gradient-estimator.ts';

const ADJOINT: Slot = 3;

/** Slots that the kernels need. */
export const UPDATE_SLOTS = 4;

/**
 * ‖Δθ(t) + ∇θ(t)‖ / ‖∇θ(t)‖ for t = 0 … steps − 1, over all parameters of the dynamics, on the batch last clamped. Slot
 * `FREE` holds the free state, which has to be at rest to well below β; the kernels need `UPDATE_SLOTS` slots, one buffer and
 * the feature `adjoint`.
 */
export function gradientDescendingUpdates(kernels: NetworkKernels, beta: number, steps: number): readonly number[] {
  kernels.costGradient(FREE, ADJOINT);
  let before: Slot = FREE;
  return Array.from({ length: steps }, (_, t) => {
    const after: Slot = before === 1 ? 2 : 1;
    const report = kernels.settle({
      from: before,
      into: after,
      schedule: 'synchronous',
      teaching: { kind: 'nudge', beta },
      steps: 1,
      tolerance: 0,
      leastSteps: 1,
      interruptible: false,
    });
    if (report.kind !== 'settled') throw new RangeError(`the states of step ${t} are not finite`);
    kernels.addToGradients({ ...difference(after, before, beta), readoutAt: undefined });
    before = after;
    const estimated = takeGradients(kernels);
    kernels.adjointStep(FREE, ADJOINT, ADJOINT);
    return relativeDifference(estimated, takeGradients(kernels));
  });
}

function takeGradients(kernels: NetworkKernels): ParameterValues {
  const gradients = kernels.readBuffer(0);
  for (const { buffers } of kernels.parameters) buffers[0].fill(0);
  return gradients;
}

function relativeDifference(a: ParameterValues, b: ParameterValues): number {
  let difference = 0;
  let size = 0;
  for (const kind of ['weights', 'biases'] as const) {
    a[kind].forEach((values, k) => {
      values.forEach((value, i) => {
        difference += (value - b[kind][k][i]) ** 2;
        size += b[kind][k][i] ** 2;
      });
    });
  }
  return Math.sqrt(difference / size);
}
