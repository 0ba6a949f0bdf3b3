/**
 * The prototypical discrete-time network.
 *
 *   s_k ← σ(∂Φ/∂s_k),   Φ = Σ_c ⟨s_to, P(W ∗ s_from)⟩ + Σ_k b_k · s_k      (or a fraction ε of the way there)
 *
 * Its rest states are those of the energy
 *
 *   E(θ, s) = Σ_k Σ_i Ψ(s_ki) − Φ,   Ψ' = σ⁻¹
 *   dense connections: ∂E/∂W = −s_from ⊗ s_to,   ∂E/∂b_k = −s_k
 *
 * The nudge inside σ (s ← σ(drive + β(y − s))) belongs to the cost C = ½‖y − s‖²; outside (s ← σ(drive) + β(y − s)), as
 * in the authors' code, it follows to first order in β a cost C̃ with dC̃/do = (o − y) / σ'(·), cross-entropy for a logistic σ.
 *
 * Ernoult, Grollier, Querlioz, Bengio & Scellier, NeurIPS 2019, arXiv:1905.13633, section 3.2.
 *
 * Differs from the paper: nothing in the dynamics. E is ours, for checking. A clipped line has Ψ = s²/2 inside its range
 * and holds states on its bounds, which makes E exact wherever no state sits just on a bound.
 */
import { activationNamed } from '../activations/catalogue.ts';
import { activationOf, checkNetwork, lastSettlingLayer, type NetworkDescription } from '../kernels/network.ts';
import { softmaxCrossEntropy, squaredError } from './cost.ts';
import { interaction } from './interaction.ts';
import type { LayeredModel, ModelProperty } from './layered-model.ts';
import type { NetworkStructure } from './network-structure.ts';

export interface PrototypicalOptions {
  readonly nudge: 'inside' | 'outside';
  /** ε, in (0, 1]; 1 in the paper. */
  readonly stepSize: number;
}

/** Throws RangeError on an impossible network; `energy` throws where the activation has no inverse. */
export function prototypical(structure: NetworkStructure, { nudge, stepSize }: PrototypicalOptions): LayeredModel {
  const network: NetworkDescription = { ...structure, dynamics: { kind: 'discrete-map', stepSize, nudge } };
  checkNetwork(network);
  const last = lastSettlingLayer(network);
  return {
    name: 'prototypical',
    network,
    properties: new Set(propertiesOf(network)),
    energy(parameters, states) {
      let potentials = 0;
      for (let layer = 1; layer <= last; layer++) {
        const { name, potential } = activationOf(network, layer);
        if (potential === undefined) throw new RangeError(`${name} has no inverse, so the network has no energy`);
        potentials += states[layer].reduce((sum, s) => sum + potential(s), 0);
      }
      return potentials - interaction(network, parameters, states.slice(0, last + 1));
    },
    cost(parameters, states, labels) {
      if (network.readout === 'softmax-cross-entropy') {
        // (∂C/∂s) / σ' of several units that share a loss is no gradient.
        if (nudge === 'outside') throw new RangeError('a nudge outside follows no cost of a softmax read-out');
        return softmaxCrossEntropy(network, parameters, states[last], labels);
      }
      if (nudge === 'inside') return squaredError(states[last], labels);
      return outsideCost(network.outputActivation, states[last], labels);
    },
  };
}

function propertiesOf(network: NetworkDescription): readonly ModelProperty[] {
  const properties: ModelProperty[] = ['differentiable-step', 'upward-sweep'];
  properties.push(network.feedback === 'symmetric' ? 'energy' : 'separate-feedback');
  if (network.readout === 'squared-error') properties.push('output-units');
  const { dynamics, readout } = network;
  const isOutside = dynamics.kind === 'discrete-map' && dynamics.nudge === 'outside';
  if (readout === 'squared-error' || !isOutside) properties.push('cost');
  const used = readout === 'squared-error' ? [network.activation, network.outputActivation] : [network.activation];
  const analytic = used.every((name) => activationNamed(name).continuation !== undefined);
  const choosing = network.connections.some((c) => c.kind === 'convolution' && c.pooling?.kind === 'max');
  if (analytic && !choosing) properties.push('holomorphic');
  return properties;
}

/** C̃ with dC̃/do = (o − y) / σ'(σ⁻¹(o)). */
function outsideCost(activation: string, outputs: Float64Array, labels: ArrayLike<number>): number {
  switch (activation) {
    case 'logistic':
      // Cross-entropy over 4, the slope of the logistic's exponent.
      return outputs.reduce((sum, o, i) => sum - (labels[i] * Math.log(o) + (1 - labels[i]) * Math.log(1 - o)) / 4, 0);
    case 'tanh':
      return outputs.reduce((sum, o, i) => sum - Math.log(1 - o * o) / 2 - labels[i] * Math.atanh(o), 0);
    case 'identity':
      return squaredError(outputs, labels);
    default:
      throw new RangeError(`the cost that a nudge outside ${activation} follows has no closed form here`);
  }
}
