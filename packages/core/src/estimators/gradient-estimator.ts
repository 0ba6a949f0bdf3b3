/**
 * The contract of an estimator: settle what must be settled for the clamped batch, and say which two state slots to
 * contrast. The gradient itself is never stored; an optimizer has the kernels add the scaled contrast to the weights.
 *
 *   ĝ = −[ r ⊗ r |upper − r ⊗ r |lower ] / betaSeparation      (the sum over the batch; r = what units show each other)
 */
import type { NetworkKernels, SettleReport, StateSlot } from '../kernels/kernel-set.ts';

export interface Contrast {
  readonly lower: StateSlot;
  readonly upper: StateSlot;
  /** β of the upper slot minus β of the lower one, > 0. */
  readonly betaSeparation: number;
}

export type PhaseName = 'free' | 'nudged';
export type Settled = Extract<SettleReport, { kind: 'settled' }>;

export type Estimate =
  | { readonly kind: 'estimated'; readonly contrast: Contrast; readonly free: Settled; readonly nudged: Settled }
  /** The control block asked to stop; parameters are untouched. */
  | { readonly kind: 'stopped' }
  /** A state is NaN or infinite after this phase. */
  | { readonly kind: 'not-finite'; readonly phase: PhaseName };

export interface GradientEstimator {
  readonly name: string;
  /** Steps of the free phase, which evaluation uses as well. */
  readonly freeSteps: number;
  /** Works on the batch last clamped. `sign` is +1 or −1, drawn per batch; estimators without a random sign ignore it. */
  estimate(kernels: NetworkKernels, sign: 1 | -1): Estimate;
}
