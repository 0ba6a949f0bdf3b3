/** The costs that outputs are taught by, one sample at a time. */
import type { ParameterValues } from '../kernels/kernel-set.ts';
import { lastSettlingLayer, type NetworkDescription } from '../kernels/network.ts';

/** The cost of a network's read-out at states of all layers. */
export function readoutCost(
  network: NetworkDescription,
  parameters: ParameterValues,
  states: readonly Float64Array[],
  labels: ArrayLike<number>,
): number {
  const last = states[lastSettlingLayer(network)];
  return network.readout === 'squared-error'
    ? squaredError(last, labels)
    : softmaxCrossEntropy(network, parameters, last, labels);
}

/** C = ½‖y − o‖². */
export function squaredError(outputs: Float64Array, labels: ArrayLike<number>): number {
  return outputs.reduce((sum, o, i) => sum + (labels[i] - o) ** 2 / 2, 0);
}

/** C = −Σ y ln p with p = softmax(Wᵀ s + b) of the last settling layer. */
export function softmaxCrossEntropy(
  network: NetworkDescription,
  parameters: ParameterValues,
  states: Float64Array,
  labels: ArrayLike<number>,
): number {
  const weights = parameters.weights[network.connections.length - 1];
  const biases = parameters.biases[network.layers.length - 2];
  const logits = Array.from(biases, (bias, j) => {
    return states.reduce((sum, s, i) => sum + s * weights[i * biases.length + j], bias);
  });
  const top = Math.max(...logits);
  const total = Math.log(logits.reduce((sum, z) => sum + Math.exp(z - top), 0)) + top;
  return logits.reduce((sum, z, j) => sum + labels[j] * (total - z), 0);
}
