/** What training reports while it runs, and how it ends. */
import type { PhaseName } from '../estimators/gradient-estimator.ts';
import type { StopRequest } from '../tensor/control-block.ts';

/** Where training stands: `batch` batches of `epoch` are done (both from 0), with the epoch's sums so far. */
export interface TrainingPosition {
  readonly epoch: number;
  readonly batch: number;
  readonly sums: EpochSums;
}

export interface EpochSums {
  readonly samples: number;
  readonly cost: number;
  readonly correct: number;
  /** Sum over batches of the free phase's residual. */
  readonly residual: number;
}

export const NO_SUMS: EpochSums = { samples: 0, cost: 0, correct: 0, residual: 0 };
export const START: TrainingPosition = { epoch: 0, batch: 0, sums: NO_SUMS };

export interface EpochMetrics {
  /** Mean over the epoch's batches of ½‖y − o‖² per sample, at the free phase and before each update. */
  readonly trainCost: number;
  readonly trainAccuracy: number;
  readonly testCost: number;
  readonly testAccuracy: number;
  /** Mean over the epoch's batches of the free phase's largest last change per step size. */
  readonly freeResidual: number;
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
    };

export type TrainingOutcome =
  | { readonly kind: 'completed'; readonly metrics: EpochMetrics | undefined }
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
      readonly reason: 'state-not-finite' | 'weights-not-finite' | 'weights-too-large';
      readonly phase: PhaseName | undefined;
      /** Epoch (from 1) and batch (from 1) where it was seen. */
      readonly epoch: number;
      readonly batch: number;
      /** Of the last free phase that was finite; undefined when there was none. */
      readonly residual: number | undefined;
    };
