/**
 * A network whose layers each learn by a goodness of their own, with no error passed between them.
 *
 *   s_k = σ(b_k + Σ_{→ k} P(W ∗ ŝ_from)),   ŝ = s / √(mean s²),   g_k = mean s_k²
 *   loss_k = ln(1 + e^(−(g_k − threshold))) for real samples,   ln(1 + e^(g_k − threshold)) for others
 *
 * A softmax read-out on the scaled states of the last hidden layer says the class.
 *
 * Hinton, "The forward-forward algorithm: some preliminary investigations" (2022), arXiv:2212.13345.
 *
 * Differs from the paper: the read-out sees the last hidden layer only, and goodness is the mean square instead of the sum.
 */
import { checkNetwork, type NetworkDescription, unitsOf } from '../kernels/network.ts';
import type { LayeredModel } from './layered-model.ts';
import type { NetworkStructure } from './network-structure.ts';

/** Throws RangeError on an impossible network or one without a softmax read-out. */
export function goodnessNetwork(structure: NetworkStructure, threshold: number): LayeredModel {
  const network: NetworkDescription = { ...structure, dynamics: { kind: 'goodness', threshold } };
  checkNetwork(network);
  if (network.readout !== 'softmax-cross-entropy')
    throw new RangeError('layers with a goodness need a softmax read-out');
  const [inputs, classes] = [network.layers[0], network.layers[network.layers.length - 1]].map(unitsOf);
  if (inputs < classes) throw new RangeError(`${classes} labels cannot be shown on ${inputs} inputs`);
  return {
    name: 'goodness',
    network,
    properties: new Set(['goodness'] as const),
    energy() {
      throw new RangeError('layers with a goodness have no common energy');
    },
    cost() {
      throw new RangeError('layers with a goodness have no common cost');
    },
  };
}
