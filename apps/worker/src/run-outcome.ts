/** One total map from how a trainer ended to how its attempt ends: retry, fail, cancel or succeed is decided here alone. */
import type { JobFailure, JobResult } from '@settle/contracts';
import type { Divergence, StopRequest, TrainingOutcome } from '@settle/core';
import type { Ending, StoredCheckpoint } from '@settle/store';
import type { EpochSummary } from './epoch-metrics.ts';

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
  /** As records have it. */
  readonly kernels: string;
  /** Whole epochs done. */
  readonly epochs: number;
  readonly images: number;
  readonly lastEpoch: EpochSummary | undefined;
  readonly lastCheckpoint: StoredCheckpoint | undefined;
  readonly bestCheckpoint: StoredCheckpoint | undefined;
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
          ...lastEpoch,
          epochs: facts.epochs,
          ended_early: outcome.endedEarly,
          best: bestOf(outcome.best, facts.bestCheckpoint),
          kernels: facts.kernels,
          checkpoint_id: lastCheckpoint.id,
          checkpoint_sha256: lastCheckpoint.sha256,
        },
      };
    }
    case 'stopped':
      return outcome.request === 'cancel' ? { kind: 'cancelled' } : { kind: 'handed-back' };
    case 'diverged':
      return failed('diverged', `training diverged in epoch ${outcome.epoch}: ${wordsOf(outcome.divergence)}`, {
        ...placeOf(outcome.divergence),
        epoch: outcome.epoch,
        batch: outcome.batch,
        residual: outcome.residual ?? null,
      });
    default:
      outcome satisfies never;
      throw new Error('unreachable training outcome');
  }
}

function bestOf(
  best: Extract<TrainingOutcome, { kind: 'completed' }>['best'],
  checkpoint: StoredCheckpoint | undefined,
): JobResult['best'] {
  if (best === undefined) return null;
  return {
    epoch: best.epoch,
    validation_accuracy: best.validationAccuracy,
    test_accuracy: best.testAccuracy,
    checkpoint_id: checkpoint?.id ?? null,
  };
}

/** Where it broke; null for what there is none of. */
function placeOf(divergence: Divergence): JobFailure['details'] {
  switch (divergence.reason) {
    case 'state-not-finite': {
      const { reason, phase, layer, relaxationStep } = divergence;
      return { reason, phase, layer, relaxation_step: relaxationStep, parameter: null };
    }
    case 'weights-not-finite':
    case 'weights-too-large': {
      const { reason, parameter } = divergence;
      return { reason, phase: null, layer: null, relaxation_step: null, parameter };
    }
    default:
      divergence satisfies never;
      throw new Error('unreachable divergence');
  }
}

function wordsOf(divergence: Divergence): string {
  switch (divergence.reason) {
    case 'state-not-finite':
      return `layer ${divergence.layer} was not finite after step ${divergence.relaxationStep} of the ${divergence.phase === 'evaluation' ? 'evaluation' : `${divergence.phase} phase`}`;
    case 'weights-not-finite':
      return `${divergence.parameter} was not finite`;
    case 'weights-too-large':
      return `${divergence.parameter} had grown too large`;
    default:
      divergence satisfies never;
      throw new Error('unreachable divergence');
  }
}

function failed(code: JobFailure['code'], message: string, details: JobFailure['details'] = {}): Ending {
  return { kind: 'failed', failure: { code, message, details } };
}
