/**
 * The deep Hopfield energy of the original equilibrium propagation.
 *
 *   E(θ, s) = ½ Σ_k ‖s_k‖² − Φ(θ, ρ(s)),   Φ = Σ_c ⟨ρ_to, P(W ∗ ρ_from)⟩ + Σ_k b_k · ρ_k
 *   −∂E/∂s_k = −s_k + ρ'(s_k) ⊙ ∂Φ/∂ρ_k
 *   dense connections: ∂E/∂W = −ρ(s_from) ⊗ ρ(s_to),   ∂E/∂b_k = −ρ(s_k)
 *
 * The input shows its pixels as they are, and its own energy, a constant, is left out.
 *
 * Scellier & Bengio (2017), doi:10.3389/fncom.2017.00024, equations 1 and 2.
 *
 * Differs from the paper: any activation, with states clipped to its range; convolutions and skips as well.
 */
import { activationOf, checkNetwork, lastSettlingLayer, type NetworkDescription } from '../kernels/network.ts';
import { readoutCost } from './cost.ts';
import { interaction } from './interaction.ts';
import type { LayeredModel, ModelProperty } from './layered-model.ts';
import type { NetworkStructure } from './network-structure.ts';

/** `stepSize`: ε of the relaxation s ← clip(s − ε ∂F/∂s), in (0, 1]. Throws RangeError on an impossible network. */
export function deepHopfield(structure: NetworkStructure, stepSize: number): LayeredModel {
  const network: NetworkDescription = { ...structure, dynamics: { kind: 'energy-gradient', stepSize } };
  checkNetwork(network);
  const last = lastSettlingLayer(network);
  const properties: ModelProperty[] = ['cost', 'differentiable-step'];
  if (network.feedback === 'symmetric') properties.push('energy');
  if (network.readout === 'squared-error') properties.push('output-units');
  return {
    name: 'deep-hopfield',
    network,
    properties: new Set(properties),
    energy(parameters, states) {
      const squares = states.slice(1, last + 1).reduce((sum, layer) => layer.reduce((part, s) => part + s * s, sum), 0);
      const emitted = states.map((s, layer) => (layer === 0 ? s : s.map(activationOf(network, layer).value)));
      return squares / 2 - interaction(network, parameters, emitted);
    },
    cost: (parameters, states, labels) => readoutCost(network, parameters, states, labels),
  };
}
