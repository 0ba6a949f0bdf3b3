/** Which features a network asks of a kernel set, beyond a dense chain of one activation that settles step by step. */
import type { KernelFeature } from './kernel-set.ts';
import type { NetworkDescription } from './network.ts';

export function featuresOf(network: NetworkDescription): readonly KernelFeature[] {
  const { connections, activation, outputActivation, dynamics, feedback, readout } = network;
  const features: KernelFeature[] = [`activation ${activation}`];
  if (connections.some(({ kind }) => kind === 'convolution')) features.push('convolution');
  if (connections.some(({ from, to }) => to !== from + 1)) features.push('skip');
  if (readout === 'softmax-cross-entropy') features.push('softmax-read-out');
  if (feedback === 'separate') features.push('separate-feedback');
  if (outputActivation !== activation) features.push('mixed-activations');
  if (dynamics.kind === 'discrete-map' && dynamics.stepSize !== 1) features.push('damped-map');
  if (dynamics.kind === 'prediction-error' || dynamics.kind === 'goodness') features.push(dynamics.kind);
  return features;
}
