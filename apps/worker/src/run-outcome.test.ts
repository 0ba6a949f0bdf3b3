import type { EpochMetrics } from '@settle/core';
import { describe, expect, it } from 'vitest';
import { epochSummary } from './epoch-metrics.ts';
import { endingOf, type RunFacts } from './run-outcome.ts';

const metrics: EpochMetrics = {
  trainCost: 0.1,
  trainAccuracy: 0.9,
  testCost: 0.2,
  testAccuracy: 0.8,
  testRecall: [0.8, 0.8],
  validation: undefined,
  freeResidual: 0.01,
  nudgedResidual: 0.02,
  freeSteps: 20,
  nudgedSteps: 4,
  diagnostics: {},
};
const facts: RunFacts = {
  kernels: 'wasm',
  epochs: 3,
  images: 300,
  lastEpoch: epochSummary(metrics),
  lastCheckpoint: { id: 'ckpt_a', sha256: 'ff' },
  bestCheckpoint: undefined,
};

describe('endingOf', () => {
  it('succeeds only with a result and the checkpoint it belongs to', () => {
    const completed = {
      kind: 'trained',
      outcome: { kind: 'completed', metrics, best: undefined, endedEarly: false },
    } as const;
    expect(endingOf(completed, facts)).toMatchObject({
      kind: 'succeeded',
      result: {
        test_accuracy: 0.8,
        validation_accuracy: null,
        epochs: 3,
        ended_early: false,
        best: null,
        checkpoint_id: 'ckpt_a',
        checkpoint_sha256: 'ff',
      },
    });
    expect(endingOf(completed, { ...facts, lastCheckpoint: undefined })).toMatchObject({ kind: 'failed' });
  });

  it('says which epoch was best, and that training ended early', () => {
    const best = { epoch: 1, validationAccuracy: 0.7, validationCost: 0.3, testAccuracy: 0.75 };
    const outcome = { kind: 'completed', metrics, best, endedEarly: true } as const;
    const withCheckpoint: RunFacts = { ...facts, bestCheckpoint: { id: 'ckpt_b', sha256: 'ee' } };
    expect(endingOf({ kind: 'trained', outcome }, withCheckpoint)).toMatchObject({
      result: {
        ended_early: true,
        best: { epoch: 1, validation_accuracy: 0.7, test_accuracy: 0.75, checkpoint_id: 'ckpt_b' },
      },
    });
    expect(endingOf({ kind: 'trained', outcome }, facts)).toMatchObject({ result: { best: { checkpoint_id: null } } });
  });

  it.each([
    [
      { reason: 'state-not-finite', phase: 'nudged', layer: 2, relaxationStep: 3 },
      { reason: 'state-not-finite', phase: 'nudged', layer: 2, relaxation_step: 3, parameter: null },
    ],
    [
      { reason: 'weights-too-large', parameter: 'weights.1' },
      { reason: 'weights-too-large', phase: null, layer: null, relaxation_step: null, parameter: 'weights.1' },
    ],
  ] as const)('says of a diverged network where it began (%j)', (divergence, place) => {
    const outcome = { kind: 'diverged', divergence, epoch: 2, batch: 7, residual: 0.5 } as const;
    const ending = endingOf({ kind: 'trained', outcome }, facts);
    expect(ending).toMatchObject({ kind: 'failed', failure: { code: 'diverged' } });
    expect(ending.kind === 'failed' && ending.failure.details).toEqual({
      ...place,
      epoch: 2,
      batch: 7,
      residual: 0.5,
    });
  });

  it.each([
    ['cancel', 'cancelled'],
    ['hand-back', 'handed-back'],
  ] as const)('keeps %s apart from the rest, also when the thread had to be ended', (request, kind) => {
    const stopped = { kind: 'stopped', request, epoch: 0, step: 0, file: new Uint8Array() } as const;
    expect(endingOf({ kind: 'trained', outcome: stopped }, facts)).toEqual({ kind });
    expect(endingOf({ kind: 'terminated', request }, facts)).toEqual({ kind });
  });

  it.each([
    [{ kind: 'refused', reason: 'r' }, 'job_not_runnable'],
    [{ kind: 'out-of-memory' }, 'out_of_memory'],
    [{ kind: 'crashed', message: 'm' }, 'trainer_crashed'],
    [{ kind: 'not-stored', message: 'm' }, 'storage_unavailable'],
  ] as const)('fails %j with a code of its own', (run, code) => {
    expect(endingOf(run, facts)).toMatchObject({ kind: 'failed', failure: { code } });
  });
});
