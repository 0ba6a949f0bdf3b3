/**
 * The energy of prediction errors: every layer predicts the next one.
 *
 *   E(θ, s) = ½ Σ_k ‖e_k‖²,   e_k = s_k − (b_k + Σ_{→ k} P(W ∗ ρ(s_from)))
 *   −∂E/∂s_k = −e_k + ρ'(s_k) ⊙ Σ_{k → to} Jᵀ e_to
 *   dense connections: ∂E/∂W = −ρ(s_from) ⊗ e_to,   ∂E/∂b_k = −e_k
 *
 * One upward sweep gives E = 0, its least value: that is the free phase. With the outputs held at the label the states
 * settle where errors are spread over the layers.
 *
 * Whittington & Bogacz, Neural Computation 29 (2017), doi:10.1162/NECO_a_00949.
 *
 * Differs from the paper: variances are 1 in all layers.
 */
import { activationNamed } from '../activations/catalogue.ts';
import { checkNetwork, lastSettlingLayer, type NetworkDescription } from '../kernels/network.ts';
import { readoutCost } from './cost.ts';
import { upwardDrive } from './interaction.ts';
import type { LayeredModel, ModelProperty } from './layered-model.ts';
import type { NetworkStructure } from './network-structure.ts';

/** `stepSize`: ε of the relaxation s ← s − ε ∂F/∂s, in (0, 1]. Throws RangeError on an impossible network. */
export function predictiveCoding(structure: NetworkStructure, stepSize: number): LayeredModel {
  const network: NetworkDescription = { ...structure, dynamics: { kind: 'prediction-error', stepSize } };
  checkNetwork(network);
  const last = lastSettlingLayer(network);
  const { value } = activationNamed(network.activation);
  const properties: ModelProperty[] = ['cost', 'prediction-error'];
  if (network.feedback === 'symmetric') properties.push('energy');
  if (network.readout === 'squared-error') properties.push('output-units');
  return {
    name: 'predictive-coding',
    network,
    properties: new Set(properties),
    energy(parameters, states) {
      const emitted = states.map((s, layer) => (layer === 0 ? s : s.map(value)));
      let sum = 0;
      for (let layer = 1; layer <= last; layer++) {
        const prediction = upwardDrive(network, parameters, emitted, layer);
        sum += states[layer].reduce((part, s, i) => part + (s - prediction[i]) ** 2 / 2, 0);
      }
      return sum;
    },
    cost: (parameters, states, labels) => readoutCost(network, parameters, states, labels),
  };
}
