/**
 * The contract of a model: a scalar energy of parameters and states, and what it implies.
 *
 * Everything here is float64, one sample at a time, and meant to be checked against the equations; kernels do the same
 * for whole batches. `states[0]` is the clamped input, `states[k]` the states of layer k, [size k].
 */
import type { NetworkDescription, ParameterValues } from '../kernels/kernel-set.ts';

export interface LayeredModel {
  readonly name: string;
  /** What a kernel set needs to run this model. */
  readonly network: NetworkDescription;
  /** E(θ, s). */
  energy(parameters: ParameterValues, states: readonly Float64Array[]): number;
  /** The local quantities ∂E/∂θ, in the shape of the parameters: each needs only the two units that a weight joins. */
  localQuantities(parameters: ParameterValues, states: readonly Float64Array[]): ParameterValues;
}

/**
 * Σ_k r_kᵀ W_k r_{k+1} + b_{k+1}ᵀ r_{k+1}, the interaction that all layered models share;
 * `emitted[k]` is what layer k shows its neighbours.
 */
export function interaction(parameters: ParameterValues, emitted: readonly Float64Array[]): number {
  let sum = 0;
  parameters.weights.forEach((weights, k) => {
    const below = emitted[k];
    const above = emitted[k + 1];
    for (let j = 0; j < above.length; j++) {
      sum += parameters.biases[k][j] * above[j];
      for (let i = 0; i < below.length; i++) sum += weights[i * above.length + j] * below[i] * above[j];
    }
  });
  return sum;
}

/** −∂(interaction)/∂θ: −r_k ⊗ r_{k+1} for weights and −r_{k+1} for biases. */
export function negativeOuterProducts(emitted: readonly Float64Array[]): ParameterValues {
  const weights = emitted.slice(1).map((above, k) => {
    const below = emitted[k];
    return Float64Array.from({ length: below.length * above.length }, (_, at) => {
      return -below[Math.floor(at / above.length)] * above[at % above.length];
    });
  });
  return { weights, biases: emitted.slice(1).map((above) => above.map((r) => -r)) };
}
