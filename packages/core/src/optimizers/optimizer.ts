/**
 * The contract of an optimizer: how parameters move once a gradient is known.
 *
 * An optimizer keeps nothing of its own. What it remembers lies in the parameters' buffers, where checkpoints find it, and
 * the number of updates so far is handed in, so that training goes on exactly from any point.
 */
import type { Contrast, NetworkKernels } from '../kernels/kernel-set.ts';

/** What an estimator found, the sum over the batch. */
export type Gradient =
  /** As a contrast of states, from which kernels make it or by which they move the parameters at once. */
  | { readonly kind: 'contrast'; readonly contrast: Contrast }
  /** Already in the gradients, buffer 0 of every parameter. */
  | { readonly kind: 'accumulated' };

export interface UpdateContext {
  /** Samples that the gradient is summed over; updates use the mean. */
  readonly samples: number;
  /** Updates done before this one since training began. */
  readonly updates: number;
  /** Epochs done, with the fraction of the present one: what schedules go by. */
  readonly epochs: number;
}

export interface Optimizer {
  readonly name: string;
  /** Buffers per parameter that it needs: 0 where a contrast moves parameters at once, else gradients and its memory. */
  readonly parameterBuffers: number;
  /** Moves the parameters and leaves the gradients at zero. `clampAgain` or another batch is due afterwards. */
  update(kernels: NetworkKernels, gradient: Gradient, context: UpdateContext): void;
}
