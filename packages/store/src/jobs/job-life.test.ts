/**
 * The life of a job under any order of events: users, dispatcher, workers that hold a lease, workers that lost theirs.
 *
 * Random sequences of operations run against a real database next to a small model of what must hold. fast-check prints
 * the seed and the shortest failing sequence.
 */
import { isTerminal, type JobId, type JobState, LEGAL_MOVES, newId, uuidFromId, validateJob } from '@settle/contracts';
import {
  claimJob,
  endAttempt,
  getJob,
  giveLeases,
  markRunning,
  readHeldLeases,
  readJobFeed,
  reapExpiredLeases,
  renewLeases,
  reportWorker,
  requestCancel,
  returnUnclaimed,
  saveCheckpoint,
  submitJob,
  writeReport,
} from '@settle/store';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStore, type TestStore } from '../../../../testing/test-store.ts';
import { TINY_JOB } from '../../../../testing/tiny-dataset.ts';

const LEASE_MS = 600_000;
const OPERATIONS = [
  'dispatch',
  'claim',
  'claim-again',
  'run',
  'report',
  'checkpoint',
  'renew',
  'cancel',
  'expire',
  'reap',
  'succeed',
  'fail',
  'hand-back',
  'zombie',
] as const;
type Operation = (typeof OPERATIONS)[number];

/** Sequences start anywhere on a job's way, or most of them would never reach a worker. */
const beginning = fc.constantFrom<Operation[]>([], ['dispatch'], ['dispatch', 'claim'], ['dispatch', 'claim', 'run']);

const REPORT = { number: 1, progress: undefined, events: [], metrics: [], computeMs: 5 } as const;
const SETTLED = {
  validation_accuracy: null,
  validation_cost: null,
  free_residual: 0.01,
  nudged_residual: 0.01,
  free_steps: 20,
  nudged_steps: 4,
  recall: [1, null],
  diagnostics: {},
};
const RESULT = {
  test_accuracy: 0.9,
  test_cost: 0.1,
  train_accuracy: 0.9,
  train_cost: 0.1,
  validation_accuracy: null,
  validation_cost: null,
  free_residual: 0.01,
  nudged_residual: 0.01,
  free_steps: 20,
  nudged_steps: 4,
  epochs: 2,
  ended_early: false,
  best: null,
  kernels: 'wasm',
  checkpoint_id: 'ckpt_x',
  checkpoint_sha256: '00',
};

describe('the life of a job', () => {
  let store: TestStore;
  const worker = { id: newId('worker'), host: 'test', pid: 1, slots: 1_000, kernels: 'wasm' };
  beforeAll(async () => {
    store = await startTestStore();
  });
  afterAll(() => store.close());

  const submit = async (lanes = 1): Promise<JobId> => {
    const validation = validateJob({ ...TINY_JOB, lanes, limits: { max_attempts: 2 } }, 'unchecked');
    if (validation.kind === 'invalid') throw new Error('the tiny job is not valid');
    const job = await submitJob(store.database, store.tenant, validation.spec);
    // The parser of ids would do no more than this: submitJob made it.
    return job.id as JobId;
  };

  const stateOf = async (id: JobId) => {
    const job = await getJob(store.database, store.tenant, id);
    if (job === undefined) throw new Error('the job is gone');
    return job;
  };

  const apply = async (id: JobId, operation: Operation): Promise<void> => {
    const { database, tenant } = store;
    const { attempt: lease } = await stateOf(id);
    const fence = { jobId: id, lease };
    switch (operation) {
      case 'dispatch':
        await reportWorker(database, worker, false);
        await giveLeases(database, LEASE_MS);
        return;
      case 'claim':
      case 'claim-again':
        await claimJob(database, fence, worker, LEASE_MS);
        return;
      case 'run':
        await markRunning(database, fence, 'wasm');
        return;
      case 'report':
        await writeReport(database, fence, REPORT);
        return;
      case 'checkpoint':
        await saveCheckpoint(database, fence, {
          id: newId('checkpoint'),
          epoch: 1,
          step: 10,
          metrics: {},
          file: new Uint8Array([lease]),
        });
        return;
      case 'renew':
        await renewLeases(database, worker.id, [fence], LEASE_MS);
        return;
      case 'cancel':
        await requestCancel(database, tenant, id);
        return;
      case 'expire':
        await database.pool.query(
          "UPDATE job SET lease_expires_at = now() - interval '1 second' WHERE lease_expires_at IS NOT NULL",
        );
        return;
      case 'reap':
        await reapExpiredLeases(database);
        return;
      case 'succeed':
        // A worker only ends what it runs; elsewhere the call is refused as a bug.
        if (['running', 'cancelling'].includes((await stateOf(id)).status)) {
          await endAttempt(database, fence, { kind: 'succeeded', result: RESULT, images: 80 });
        }
        return;
      case 'fail':
        await endAttempt(database, fence, { kind: 'failed', failure: { code: 'diverged', message: 'x', details: {} } });
        return;
      case 'hand-back':
        await endAttempt(database, fence, { kind: 'handed-back' });
        return;
      case 'zombie': {
        const before = await stateOf(id);
        const old = { jobId: id, lease: lease - 1 };
        const failure = { code: 'trainer_crashed', message: 'zombie', details: {} } as const;
        expect((await writeReport(database, old, REPORT)).kind).toBe('lease-lost');
        expect((await claimJob(database, old, worker, LEASE_MS)).kind).toBe('lease-lost');
        expect((await endAttempt(database, old, { kind: 'failed', failure })).kind).toBe('lease-lost');
        expect(await stateOf(id)).toEqual(before);
        return;
      }
      default:
        operation satisfies never;
    }
  };

  it('moves only as the table allows, tells every move once and in order, and never leaves a terminal state', async () => {
    await fc.assert(
      fc.asyncProperty(beginning, fc.array(fc.constantFrom(...OPERATIONS), { maxLength: 14 }), async (first, then) => {
        const id = await submit();
        let state: JobState = 'queued';
        for (const operation of [...first, ...then]) {
          await apply(id, operation);
          const job = await stateOf(id);
          if (isTerminal(state)) expect([operation, job.status]).toEqual([operation, state]);
          expect(job.is_terminal).toBe(job.finished_at !== null);
          state = job.status;
        }
        const feed = await readJobFeed(store.database, store.tenant, id, 0);
        const events = feed?.data ?? [];
        expect(events.map((event) => event.id)).toEqual(events.map((_, i) => i + 1));
        const states = events.flatMap((event) => (event.type === 'job.status' ? [event.data.status] : []));
        expect(states[0]).toBe('queued');
        expect(states.at(-1)).toBe(state);
        states.slice(1).forEach((to, i) => {
          const from = states[i];
          if (from === undefined) throw new Error('two states make a move');
          const legal: readonly JobState[] = LEGAL_MOVES[from];
          expect(legal).toContain(to);
        });
        // The next sequence starts with an empty table, so that a dispatch is about its own job.
        await store.database.pool.query('DELETE FROM job');
      }),
      { numRuns: 100 },
    );
  });

  it('stores a repeated report and a repeated checkpoint once', async () => {
    const { database, tenant } = store;
    await database.pool.query('DELETE FROM job');
    const id = await submit();
    await apply(id, 'dispatch');
    await apply(id, 'claim');
    const fence = { jobId: id, lease: 1 };
    const epoch = { epoch: 1, epochs: 2, step: 10, test_accuracy: 0, test_cost: 0, train_accuracy: 0, train_cost: 0 };
    const report = { ...REPORT, events: [{ type: 'job.epoch', data: { ...epoch, ...SETTLED } }] } as const;
    const checkpoint = { id: newId('checkpoint'), epoch: 1, step: 10, metrics: {}, file: new Uint8Array([1, 2, 3]) };
    for (let repeat = 0; repeat < 3; repeat++) {
      await writeReport(database, fence, report);
      await saveCheckpoint(database, fence, checkpoint);
    }
    const events = (await readJobFeed(database, tenant, id, 0))?.data ?? [];
    expect(events.map((event) => event.type)).toEqual(['job.status', 'job.status', 'job.epoch', 'job.checkpoint']);
    const { rows } = await database.pool.query<{ reference_count: number }>(
      'SELECT reference_count FROM blob JOIN checkpoint USING (sha256) WHERE job_id IS NOT NULL',
    );
    expect(rows).toEqual([{ reference_count: 1 }]);
    await apply(id, 'fail');
  });

  it('tells whoever claims a job again which checkpoint was best, and keeps which kernels an attempt ran with', async () => {
    const { database } = store;
    await database.pool.query('DELETE FROM job');
    const id = await submit();
    await apply(id, 'dispatch');
    await apply(id, 'claim');
    const fence = { jobId: id, lease: 1 };
    await markRunning(database, fence, 'reference');
    const marks = [{ is_best: 1 }, { is_best: 1 }, {}];
    const ids = marks.map(() => newId('checkpoint'));
    for (const [at, metrics] of marks.entries()) {
      const [epoch, step] = [at + 1, 10 * (at + 1)];
      await saveCheckpoint(database, fence, {
        id: ids[at] ?? newId('checkpoint'),
        epoch,
        step,
        metrics,
        file: new Uint8Array([at]),
      });
    }
    const claim = await claimJob(database, fence, worker, LEASE_MS);
    expect(claim).toMatchObject({ value: { bestCheckpoint: { id: ids[1] }, checkpoint: { id: ids[2] } } });
    const { rows } = await database.pool.query<{ kernels: string }>('SELECT kernels FROM attempt WHERE lease = 1');
    expect(rows).toEqual([{ kernels: 'reference' }]);
    await apply(id, 'fail');
  });

  it('renews only the leases that are asked for, so that one nobody runs must end', async () => {
    const { database } = store;
    await database.pool.query('DELETE FROM job');
    const [left, right] = [await submit(), await submit()];
    for (const id of [left, right]) await apply(id, 'dispatch');
    for (const id of [left, right]) await apply(id, 'claim');
    await database.pool.query("UPDATE job SET lease_expires_at = now() + interval '200 milliseconds'");
    expect(await renewLeases(database, worker.id, [{ jobId: left, lease: 1 }], LEASE_MS)).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await apply(left, 'reap');
    expect([(await stateOf(left)).status, (await stateOf(right)).status]).toEqual(['starting', 'queued']);
  });

  it('lets a draining worker return a lease only while nobody has claimed it', async () => {
    const { database } = store;
    await database.pool.query('DELETE FROM job');
    const id = await submit();
    await apply(id, 'dispatch');
    await returnUnclaimed(database, { jobId: id, lease: 1 });
    expect((await stateOf(id)).status).toBe('queued');
    await apply(id, 'dispatch');
    await apply(id, 'claim');
    await returnUnclaimed(database, { jobId: id, lease: 2 });
    expect((await stateOf(id)).status).toBe('starting');
  });

  it('gives a lease to one worker only, however often it is delivered', async () => {
    const id = await submit();
    await apply(id, 'dispatch');
    const others = Array.from({ length: 5 }, () => ({ id: newId('worker'), kernels: 'wasm' }));
    const claims = await Promise.all(
      others.map((other) => claimJob(store.database, { jobId: id, lease: 1 }, other, LEASE_MS)),
    );
    expect(claims.filter((claim) => claim.kind === 'written')).toHaveLength(1);
    const winner = others[claims.findIndex((claim) => claim.kind === 'written')];
    if (winner === undefined) throw new Error('nobody has claimed the job');
    expect(await readHeldLeases(store.database, winner.id)).toEqual([{ jobId: id, lease: 1, cancelRequested: false }]);
    // The worker that did not get the answer may ask again.
    expect((await claimJob(store.database, { jobId: id, lease: 1 }, winner, LEASE_MS)).kind).toBe('written');
    await apply(id, 'fail');
  });

  it('gives no more leases than there are free slots of workers that live and do not drain', async () => {
    const { database } = store;
    await database.pool.query('DELETE FROM job');
    await database.pool.query('DELETE FROM worker');
    const first = await submit();
    const second = await submit();
    await submit();
    expect(await giveLeases(database, LEASE_MS)).toEqual([]);
    await reportWorker(database, { ...worker, slots: 2 }, true);
    expect(await giveLeases(database, LEASE_MS)).toEqual([]);
    await database.pool.query('DELETE FROM worker');
    await reportWorker(database, { ...worker, slots: 2 }, false);
    expect((await giveLeases(database, LEASE_MS)).map((given) => given.jobId)).toEqual([first, second]);
    expect(await giveLeases(database, LEASE_MS)).toEqual([]);
    await database.pool.query("UPDATE worker SET seen_at = now() - interval '1 minute'");
    await apply(first, 'fail');
    expect(await giveLeases(database, LEASE_MS)).toEqual([]);
  });

  it('counts a job once a lane, as often as the largest worker has slots at most, and lets none overtake', async () => {
    const { database } = store;
    const given = async () => (await giveLeases(database, LEASE_MS)).map(({ jobId }) => jobId);
    await database.pool.query('DELETE FROM job');
    await database.pool.query('DELETE FROM worker');
    await reportWorker(database, { ...worker, slots: 4 }, false);
    await reportWorker(database, { ...worker, id: newId('worker'), slots: 1 }, false);
    const first = await submit(3);
    const wide = await submit(16);
    const narrow = await submit();
    // Two slots are free beside the first job: too few for the four of the wide one, for which the narrow one waits.
    expect(await given()).toEqual([first]);
    expect(await given()).toEqual([]);
    await apply(first, 'fail');
    expect(await given()).toEqual([wide, narrow]);
    // A job of before there were lanes.
    await apply(wide, 'fail');
    const old = await submit(4);
    await database.pool.query("UPDATE job SET spec = spec - 'lanes' WHERE id = $1", [uuidFromId('job', old)]);
    const next = await submit(3);
    expect(await given()).toEqual([old, next]);
    await database.pool.query('DELETE FROM job');
  });

  it('counts lost leases only when somebody held them, and starts again after a checkpoint', async () => {
    const { database } = store;
    await database.pool.query('DELETE FROM job');
    const id = await submit();
    const cycle = async (...operations: Operation[]) => {
      for (const operation of ['dispatch', ...operations, 'expire', 'reap'] as const) await apply(id, operation);
      return stateOf(id);
    };
    expect((await cycle()).status).toBe('queued');
    expect((await cycle()).status).toBe('queued');
    expect((await cycle('claim')).status).toBe('queued');
    expect((await cycle('claim', 'run', 'checkpoint')).status).toBe('queued');
    expect(await cycle('claim')).toMatchObject({ status: 'failed', failure: { code: 'worker_lost' } });
  });
});
