/** Which base rate moves which parameter, and whether there is one for each. */
import type { ParameterTensor } from '../kernels/kernel-set.ts';
import type { NetworkDescription } from '../kernels/network.ts';
import { checkList } from './field-ranges.ts';
import type { LearningRates, OptimizerDescription } from './optimizer-description.ts';

/** The rates of a description; weights that flip have none, and a 1 says that they learn. */
export function baseRates({ rule, learningRates }: OptimizerDescription): LearningRates {
  return rule.kind === 'binary-flip' ? { ...learningRates, weights: rule.thresholds.map(() => 1) } : learningRates;
}

export function baseRate(rates: LearningRates, { kind, index }: ParameterTensor): number {
  // Biases are numbered by the layer that they belong to, and the first layer with biases is layer 1.
  return kind === 'biases' ? rates.biases[index - 1] : rates[kind][index];
}

export function checkRates({ rule, learningRates }: OptimizerDescription): void {
  if (rule.kind === 'binary-flip' && learningRates.weights.length > 0) {
    throw new RangeError('learningRates.weights is empty for binary-flip: weights that flip have no rate');
  }
  for (const kind of ['weights', 'biases', 'feedback'] as const) {
    checkList(`learningRates.${kind}`, learningRates[kind], 'finite and >= 0');
  }
}

/** Refuses, by a RangeError, a description whose lists are not of the length that the network asks for. */
export function checkOptimizerFits(description: OptimizerDescription, network: NetworkDescription): void {
  const { weights, biases, feedback } = baseRates(description);
  const connections = network.connections.length;
  const weightsField = description.rule.kind === 'binary-flip' ? 'rule.thresholds' : 'learningRates.weights';
  checkLength(weightsField, weights, connections, 'connections');
  checkLength('learningRates.biases', biases, network.layers.length - 1, 'layers above the input');
  if (network.feedback === 'separate') checkLength('learningRates.feedback', feedback, connections, 'connections');
  else checkLength('learningRates.feedback', feedback, 0, 'connections with weights of their own for feedback');
}

function checkLength(field: string, entries: readonly number[], expected: number, of: string): void {
  if (entries.length !== expected) {
    throw new RangeError(`${field}: ${expected} ${of} need as many entries, got ${entries.length}`);
  }
}
