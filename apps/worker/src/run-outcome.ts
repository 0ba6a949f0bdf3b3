/** One total map from how a trainer ended to how its attempt ends: retry, fail, cancel or succeed is decided here alone. */
import type { JobFailure } from '@settle/contracts';
import type { EpochMetrics, StopRequest, TrainingOutcome } from '@settle/core';
import type { Ending, StoredCheckpoint } from '@settle/store';
import { epochMetricsRecord } from './epoch-metrics.ts';

export type RunOutcome =
  | { readonly kind: 'trained'; readonly outcome: TrainingOutcome }
  /** The thread was ended from outside, because it did not stop in time. */
  | { readonly kind: 'terminated'; readonly request: StopRequest }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'out-of-memory' }
  | { readonly kind: 'crashed'; readonly message: string }
  | { readonly kind: 'not-stored'; readonly message: string };

/** What the supervisor knows besides: needed for a result. */
export interface RunFacts {
  readonly kernels: string;
  readonly epochs: number;
  readonly images: number;
  readonly lastEpoch: EpochMetrics | undefined;
  readonly lastCheckpoint: StoredCheckpoint | undefined;
}

export function endingOf(run: RunOutcome, facts: RunFacts): Ending {
  switch (run.kind) {
    case 'trained':
      return endingOfTraining(run.outcome, facts);
    case 'terminated':
      return run.request === 'cancel' ? { kind: 'cancelled' } : { kind: 'handed-back' };
    case 'refused':
      return failed('job_not_runnable', run.reason);
    case 'out-of-memory':
      return failed('out_of_memory', 'the trainer needs more memory than it may have');
    case 'crashed':
      return failed('trainer_crashed', run.message);
    case 'not-stored':
      return failed('storage_unavailable', run.message);
    default:
      run satisfies never;
      throw new Error('unreachable run outcome');
  }
}

function endingOfTraining(outcome: TrainingOutcome, facts: RunFacts): Ending {
  switch (outcome.kind) {
    case 'completed': {
      const { lastEpoch, lastCheckpoint } = facts;
      if (lastEpoch === undefined || lastCheckpoint === undefined) {
        return failed('trainer_crashed', 'training ended without a result');
      }
      return {
        kind: 'succeeded',
        images: facts.images,
        result: {
          ...epochMetricsRecord(lastEpoch),
          epochs: facts.epochs,
          kernels: facts.kernels,
          checkpoint_id: lastCheckpoint.id,
          checkpoint_sha256: lastCheckpoint.sha256,
        },
      };
    }
    case 'stopped':
      return outcome.request === 'cancel' ? { kind: 'cancelled' } : { kind: 'handed-back' };
    case 'diverged':
      return failed('diverged', `training diverged in epoch ${outcome.epoch}: ${outcome.reason}`, {
        reason: outcome.reason,
        epoch: outcome.epoch,
        batch: outcome.batch,
        phase: outcome.phase ?? null,
        residual: outcome.residual ?? null,
      });
    default:
      outcome satisfies never;
      throw new Error('unreachable training outcome');
  }
}

function failed(code: JobFailure['code'], message: string, details: JobFailure['details'] = {}): Ending {
  return { kind: 'failed', failure: { code, message, details } };
}
