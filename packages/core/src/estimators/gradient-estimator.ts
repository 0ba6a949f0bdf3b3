/**
 * The contract of an estimator: settle what must be settled for the clamped batch, and say what to learn from it.
 *
 * An estimator names what it needs of a model, and an attempt to use it on another is refused with the missing property.
 */
import type { KernelFeature, NetworkKernels, SettleReport, Slot } from '../kernels/kernel-set.ts';
import type { ModelProperty } from '../models/layered-model.ts';
import type { Gradient } from '../optimizers/optimizer.ts';
import type { RandomStream } from '../tensor/random.ts';

export type PhaseName = 'free' | 'nudged';
export type Settled = Extract<SettleReport, { kind: 'settled' }>;

/** Where every estimator leaves the free equilibrium. */
export const FREE: Slot = 0;

export type Estimate =
  /** `nudged`: the worse of several nudged phases; `nudgedSlot`: one whose distance from the free states is of interest. */
  | {
      readonly kind: 'estimated';
      readonly free: Settled;
      readonly nudged: Settled;
      readonly nudgedSlot: Slot;
    }
  /** The control block asked to stop; parameters are untouched. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'not-finite'; readonly phase: PhaseName; readonly layer: number; readonly step: number };

export interface Draw {
  /** +1 or −1, drawn per batch, for estimators with a random sign. */
  readonly sign: 1 | -1;
  /** Numbers of this batch's own, for estimators that draw more than a sign. */
  readonly stream: RandomStream;
  /** Where the free phase starts: a slot that training has filled, or zeros. */
  readonly start: Slot | 'zeros';
  /** Samples in the batch. */
  readonly samples: number;
}

export interface GradientEstimator {
  readonly name: string;
  readonly needs: {
    readonly model: readonly ModelProperty[];
    readonly kernels: readonly KernelFeature[];
  };
  /** Slots that it uses, the free one included; training puts its own behind them. */
  readonly slots: number;
  readonly complexStates: boolean;
  /** Nudging strengths that it uses, real or as radius, from the most negative to the most positive; 0 for none. */
  readonly betas: { readonly lowest: number; readonly highest: number };
  /** Whether phases use the schedule `anderson`. */
  readonly anderson: boolean;
  /** Whether it fills the gradients itself, so that they must exist. */
  readonly accumulates: boolean;
  /** Calls of `learn` per batch. */
  readonly updatesPerBatch: number;
  /** A free phase as evaluation uses it, into slot `FREE`. */
  settleFreely(kernels: NetworkKernels, start: Slot | 'zeros', samples: number): SettleReport;
  /**
   * Works on the batch last clamped. `learn` moves the parameters; most estimators call it once, at the end, and those
   * that let parameters move while states settle call it again and again.
   */
  estimate(kernels: NetworkKernels, draw: Draw, learn: (gradient: Gradient) => void): Estimate;
}

/** A report that ends an estimate before its time, as the estimate's own answer. */
export function interruption(
  report: Exclude<SettleReport, Settled>,
  phase: PhaseName,
): Exclude<Estimate, { kind: 'estimated' }> {
  return report.kind === 'stopped' ? report : { ...report, phase };
}
