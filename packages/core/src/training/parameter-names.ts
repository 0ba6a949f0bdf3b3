/** Names of parameters outside the numerics: in checkpoints, metrics and failures. */
import type { ParameterTensor } from '../kernels/kernel-set.ts';

/** `weights.k` and `feedback.k` of connection k, `biases.k` of layer k. */
export function parameterName({ kind, index }: Pick<ParameterTensor, 'kind' | 'index'>): string {
  return `${kind}.${index}`;
}
