/**
 * How the sum of gradients over a batch becomes the mean, kept within bounds.
 *
 *   none     g = Σ / samples
 *   norm     g = Σ / samples · min(1, limit / ‖Σ / samples‖),   ‖·‖ over all parameters that learn, taken together
 *   value    g = min(max(Σ / samples, −limit), limit),          entry by entry
 *
 * Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks" (ICML 2013). A gradient that is not
 * finite is not hidden by the norm: its entries become NaN, and training notices.
 */
import type { ParameterTensor } from '../kernels/kernel-set.ts';
import { checkField } from './field-ranges.ts';
import type { Clipping } from './optimizer-description.ts';

/** What to do with every entry of the sum: times `scale`, then no further from 0 than `limit`. */
export interface ClippedMean {
  readonly scale: number;
  readonly limit: number;
}

/** `learning`: the parameters that learn, with the sum over `samples` in their gradients. */
export function clippedMean(clipping: Clipping, learning: readonly ParameterTensor[], samples: number): ClippedMean {
  const scale = 1 / samples;
  switch (clipping.kind) {
    case 'none':
      return { scale, limit: Number.POSITIVE_INFINITY };
    case 'norm': {
      const norm = scale * normOfGradients(learning);
      return {
        scale: norm > clipping.limit ? scale * (clipping.limit / norm) : scale,
        limit: Number.POSITIVE_INFINITY,
      };
    }
    case 'value':
      return { scale, limit: clipping.limit };
    default:
      clipping satisfies never;
      throw new Error('unreachable clipping');
  }
}

export function checkClipping(clipping: Clipping): void {
  if (clipping.kind !== 'none') checkField('clipping.limit', clipping.limit, 'finite and > 0');
}

function normOfGradients(parameters: readonly ParameterTensor[]): number {
  let squares = 0;
  for (const { buffers } of parameters) {
    const sums = buffers[0];
    for (let i = 0; i < sums.length; i++) squares += sums[i] * sums[i];
  }
  return Math.sqrt(squares);
}
