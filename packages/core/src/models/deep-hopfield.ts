/**
 * The deep Hopfield energy of the original equilibrium propagation.
 *
 *   E(θ, s) = ½ Σ_k ‖s_k‖² − Σ_k ρ(s_k)ᵀ W_k ρ(s_{k+1}) − Σ_k b_kᵀ ρ(s_k)
 *   −∂E/∂s_k = −s_k + ρ'(s_k) ⊙ (W_{k−1}ᵀ ρ(s_{k−1}) + W_k ρ(s_{k+1}) + b_k)
 *   ∂E/∂W_k = −ρ(s_k) ⊗ ρ(s_{k+1}),   ∂E/∂b_k = −ρ(s_k)
 *
 * The input shows its pixels as they are, and its own energy, a constant, is left out.
 *
 * Scellier & Bengio (2017), doi:10.3389/fncom.2017.00024, equations 1 and 2 for a layered net.
 *
 * Differs from the paper: any activation of ../kernels/activations.ts, with states clipped to its range.
 */
import { activationNamed } from '../kernels/activations.ts';
import { type ActivationName, checkNetwork, type NetworkDescription } from '../kernels/kernel-set.ts';
import { interaction, type LayeredModel, negativeOuterProducts } from './layered-model.ts';

export interface DeepHopfieldOptions {
  readonly layerSizes: readonly number[];
  readonly activation: ActivationName;
  /** ε of the relaxation s ← clip(s − ε ∂F/∂s), in (0, 1]. */
  readonly stepSize: number;
}

/** Throws RangeError on impossible sizes or step size. */
export function deepHopfield({ layerSizes, activation, stepSize }: DeepHopfieldOptions): LayeredModel {
  const network: NetworkDescription = {
    layerSizes,
    activation,
    dynamics: { kind: 'energy-gradient', stepSize },
  };
  checkNetwork(network);
  const { value } = activationNamed(activation);
  const emitted = (states: readonly Float64Array[]) => states.map((s, k) => (k === 0 ? s : s.map(value)));
  return {
    name: 'deep-hopfield',
    network,
    energy(parameters, states) {
      const squares = states.slice(1).reduce((sum, layer) => layer.reduce((part, s) => part + s * s, sum), 0);
      return squares / 2 - interaction(parameters, emitted(states));
    },
    localQuantities: (_, states) => negativeOuterProducts(emitted(states)),
  };
}
