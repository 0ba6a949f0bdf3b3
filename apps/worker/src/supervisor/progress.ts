/** How far a job is, from what its trainer has reported. */
import type { JobProgress, JobSpec } from '@settle/contracts';
import { type EpochSummary, epochSummary } from '../epoch-metrics.ts';
import type { TrainerMessage } from '../trainer/messages.ts';

export interface ProgressTracker {
  /** Takes a message of the trainer into account. */
  note(message: TrainerMessage): void;
  current(): JobProgress | undefined;
  /** Computing time of this attempt. */
  computeMs(): number;
  /** Whole epochs done, and what the latest of them gave. */
  epochsDone(): number;
  lastEpoch(): EpochSummary | undefined;
}

/** `resumedFromStep`: batches done before this attempt, which say nothing of its speed; `before`: its last whole epoch. */
export function progressTracker(
  spec: JobSpec,
  trainSamples: number,
  resumedFromStep: number,
  before: EpochSummary | undefined,
): ProgressTracker {
  const { epochs, batch_size: batchSize } = spec.training;
  const batchesPerEpoch = Math.ceil(trainSamples / batchSize);
  const steps = epochs * batchesPerEpoch;
  let step = resumedFromStep;
  let epoch = Math.floor(resumedFromStep / batchesPerEpoch);
  let images = 0;
  let computeMs = 0;
  let freeResidual: number | undefined;
  let cost: number | undefined;
  let lastEpoch = before;
  return {
    note(message) {
      switch (message.kind) {
        case 'batches':
          step = message.batches.steps.at(-1) ?? step;
          images += message.images;
          computeMs = message.computeMs;
          freeResidual = message.batches.freeResidual.at(-1);
          cost = message.batches.cost.at(-1);
          return;
        case 'epoch':
          epoch = message.epoch;
          lastEpoch = epochSummary(message.metrics);
          return;
        case 'ended':
          computeMs = message.computeMs;
          return;
        case 'checkpoint':
        case 'refused':
          return;
        default:
          message satisfies never;
      }
    },
    current() {
      if (computeMs === 0) return undefined;
      const stepsPerMs = (step - resumedFromStep) / computeMs;
      return {
        fraction: step / steps,
        epoch,
        epochs,
        step,
        steps,
        images_per_second: (1_000 * images) / computeMs,
        eta_seconds: stepsPerMs > 0 ? (steps - step) / stepsPerMs / 1_000 : null,
        free_residual: finiteOrNull(freeResidual),
        train_cost: finiteOrNull(cost),
        test_accuracy: finiteOrNull(lastEpoch?.test_accuracy),
      };
    },
    computeMs: () => computeMs,
    epochsDone: () => epoch,
    lastEpoch: () => lastEpoch,
  };
}

function finiteOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
