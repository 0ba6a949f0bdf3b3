/**
 * The prototypical discrete-time network.
 *
 *   s_k ← σ(W_{k−1}ᵀ s_{k−1} + W_k s_{k+1} + b_k)
 *
 * Its rest states are those of the energy
 *
 *   E(θ, s) = Σ_k Σ_i Ψ(s_ki) − Φ,   Φ = Σ_k s_kᵀ W_k s_{k+1} + b_kᵀ s_k,   Ψ' = σ⁻¹
 *   ∂E/∂W_k = −s_k ⊗ s_{k+1},   ∂E/∂b_k = −s_k
 *
 * The nudge inside σ (s ← σ(drive + β(y − s))) belongs to the cost C = ½‖y − s‖²; outside (s ← σ(drive) + β(y − s)), as
 * in the authors' code, it follows a cost C̃ with dC̃/do = (o − y) / σ'(·), cross-entropy for a logistic σ.
 *
 * Ernoult, Grollier, Querlioz, Bengio & Scellier, NeurIPS 2019, arXiv:1905.13633, section 3.2.
 *
 * Differs from the paper: nothing in the dynamics. E is ours, for checking; a hard sigmoid has no Ψ, hence no E.
 */
import { activationNamed } from '../kernels/activations.ts';
import { type ActivationName, checkNetwork, type NetworkDescription } from '../kernels/kernel-set.ts';
import { interaction, type LayeredModel, negativeOuterProducts } from './layered-model.ts';

export interface PrototypicalOptions {
  readonly layerSizes: readonly number[];
  readonly activation: ActivationName;
  readonly nudge: 'inside' | 'outside';
}

/** Throws RangeError on impossible sizes; `energy` throws where the activation has no inverse. */
export function prototypical({ layerSizes, activation, nudge }: PrototypicalOptions): LayeredModel {
  const network: NetworkDescription = { layerSizes, activation, dynamics: { kind: 'discrete-map', nudge } };
  checkNetwork(network);
  const { potential } = activationNamed(activation);
  return {
    name: 'prototypical',
    network,
    energy(parameters, states) {
      if (potential === undefined) throw new RangeError(`${activation} has no inverse, so the network has no energy`);
      const potentials = states.slice(1).reduce((sum, layer) => layer.reduce((part, s) => part + potential(s), sum), 0);
      return potentials - interaction(parameters, states);
    },
    localQuantities: (_, states) => negativeOuterProducts(states),
  };
}
