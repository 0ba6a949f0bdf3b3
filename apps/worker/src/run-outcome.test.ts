import { describe, expect, it } from 'vitest';
import { endingOf, type RunFacts } from './run-outcome.ts';

const metrics = { trainCost: 0.1, trainAccuracy: 0.9, testCost: 0.2, testAccuracy: 0.8, freeResidual: 0.01 };
const facts: RunFacts = {
  kernels: 'wasm',
  epochs: 3,
  images: 300,
  lastEpoch: metrics,
  lastCheckpoint: { id: 'ckpt_a', sha256: 'ff' },
};

describe('endingOf', () => {
  it('succeeds only with a result and the checkpoint it belongs to', () => {
    const completed = { kind: 'trained', outcome: { kind: 'completed', metrics } } as const;
    expect(endingOf(completed, facts)).toMatchObject({
      kind: 'succeeded',
      result: { test_accuracy: 0.8, epochs: 3, checkpoint_id: 'ckpt_a', checkpoint_sha256: 'ff' },
    });
    expect(endingOf(completed, { ...facts, lastCheckpoint: undefined })).toMatchObject({ kind: 'failed' });
  });

  it('says of a diverged network where it began', () => {
    const ending = endingOf(
      {
        kind: 'trained',
        outcome: { kind: 'diverged', reason: 'state-not-finite', phase: 'free', epoch: 2, batch: 7, residual: 0.5 },
      },
      facts,
    );
    expect(ending).toMatchObject({
      kind: 'failed',
      failure: { code: 'diverged', details: { phase: 'free', epoch: 2, batch: 7, residual: 0.5 } },
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
