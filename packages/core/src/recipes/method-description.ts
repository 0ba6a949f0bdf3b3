/** A method as data: everything that says how a network settles and learns. It lies in every checkpoint. */
import type { Nudging } from '../estimators/equilibrium-propagation.ts';
import type { ActivationName } from '../kernels/kernel-set.ts';
import type { InitializationName } from '../models/initialization.ts';

export interface MethodDescription {
  readonly recipe: string;
  readonly layerSizes: readonly number[];
  readonly activation: ActivationName;
  readonly model:
    | { readonly kind: 'deep-hopfield'; readonly stepSize: number }
    | { readonly kind: 'prototypical'; readonly nudge: 'inside' | 'outside' };
  readonly nudging: Nudging;
  readonly freeSteps: number;
  readonly nudgedSteps: number;
  readonly initialization: InitializationName;
  /** Input layer first, one per weight matrix. */
  readonly learningRates: readonly number[];
}
