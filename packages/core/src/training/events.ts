/** What training reports while it runs, and how it ends. */
import type { PhaseName } from '../estimators/gradient-estimator.ts';
import type { StopRequest } from '../tensor/control-block.ts';

/** Where training stands: `batch` batches of `epoch` are done (both from 0), with the epoch's sums so far. */
export interface TrainingPosition {
  readonly epoch: number;
  readonly batch: number;
  readonly sums: EpochSums;
  /** The best epoch by validation so far; undefined before the first, and without validation data. */
  readonly best: BestEpoch | undefined;
  /** The last epoch that early stopping counted as an improvement; `best` may be better by less than it asks for. */
  readonly improved: BestEpoch | undefined;
}

export interface EpochSums {
  readonly samples: number;
  readonly cost: number;
  readonly correct: number;
  /** Sums over batches. */
  readonly freeResidual: number;
  readonly nudgedResidual: number;
  readonly freeSteps: number;
  readonly nudgedSteps: number;
}

export interface BestEpoch {
  /** From 1. */
  readonly epoch: number;
  readonly validationAccuracy: number;
  readonly validationCost: number;
  readonly testAccuracy: number;
}

export const NO_SUMS: EpochSums = {
  samples: 0,
  cost: 0,
  correct: 0,
  freeResidual: 0,
  nudgedResidual: 0,
  freeSteps: 0,
  nudgedSteps: 0,
};
export const START: TrainingPosition = { epoch: 0, batch: 0, sums: NO_SUMS, best: undefined, improved: undefined };

export interface EpochMetrics {
  /** Mean over the epoch of the cost per sample, at the free phase and before each update. */
  readonly trainCost: number;
  readonly trainAccuracy: number;
  readonly testCost: number;
  readonly testAccuracy: number;
  /** Share of each class's test samples that were recognized; NaN for a class without any. */
  readonly testRecall: readonly number[];
  /** On samples held out of training, if there are any. */
  readonly validation: { readonly cost: number; readonly accuracy: number } | undefined;
  /** Means over the epoch's batches: of the largest last change per step size, and of relaxation steps. */
  readonly freeResidual: number;
  readonly nudgedResidual: number;
  readonly freeSteps: number;
  readonly nudgedSteps: number;
  /** By name, where they were asked for; see ./diagnostics.ts. */
  readonly diagnostics: Readonly<Record<string, number>>;
}

export type TrainingEvent =
  | {
      readonly kind: 'batch';
      /** Batches done since the start of training, this one included. */
      readonly step: number;
      readonly epoch: number;
      readonly samples: number;
      readonly cost: number;
      readonly freeResidual: number;
      readonly nudgedResidual: number;
    }
  | {
      readonly kind: 'epoch';
      /** Epochs done, this one included. */
      readonly epoch: number;
      readonly step: number;
      readonly metrics: EpochMetrics;
    }
  | {
      readonly kind: 'checkpoint';
      readonly epoch: number;
      readonly step: number;
      readonly metrics: EpochMetrics;
      readonly file: Uint8Array;
      /** Whether no epoch was better by validation; the last such checkpoint is the best of the training. */
      readonly isBest: boolean;
    };

/** What is broken: states that are not finite, or weights. */
export type Divergence =
  | {
      readonly reason: 'state-not-finite';
      readonly phase: PhaseName | 'evaluation';
      /** Layer and relaxation step (from 1) of the first state that was not finite. */
      readonly layer: number;
      readonly relaxationStep: number;
    }
  | {
      readonly reason: 'weights-not-finite' | 'weights-too-large';
      /** Name of the parameter, as in checkpoints. */
      readonly parameter: string;
    };

export type TrainingOutcome =
  | {
      readonly kind: 'completed';
      readonly metrics: EpochMetrics | undefined;
      readonly best: BestEpoch | undefined;
      /** Fewer epochs than were asked for, because validation did not improve any more. */
      readonly endedEarly: boolean;
    }
  /** The control block asked to stop. `file` holds the exact position, so that training can go on from it. */
  | {
      readonly kind: 'stopped';
      readonly request: StopRequest;
      readonly epoch: number;
      readonly step: number;
      readonly file: Uint8Array;
    }
  | {
      readonly kind: 'diverged';
      readonly divergence: Divergence;
      /** Epoch (from 1) and batch (from 1) where it was seen. */
      readonly epoch: number;
      readonly batch: number;
      /** Of the last free phase that was finite; undefined when there was none. */
      readonly residual: number | undefined;
    };
