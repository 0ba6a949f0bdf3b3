/** Networks that diverge, and databases that go away: failed with a reason or carried on, never "running" for ever. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BreakableLink, openBreakableLink } from '../breakable-link.ts';
import { becomes, followUntil, LEASE_MS, SMALL_JOB, startTestStack, type TestStack, untilEnded } from './test-stack.ts';

/** Still running when a lease has passed. */
const LONG_JOB = { ...SMALL_JOB, training: { ...SMALL_JOB.training, epochs: 60 } };

describe('a network that diverges', () => {
  let service: TestStack;
  beforeAll(async () => {
    service = await startTestStack({ queue: 'postgres' });
  });
  afterAll(() => service.stop());

  it('ends failed with code diverged, the epoch and the residual, and keeps its metrics', async () => {
    const { client } = service;
    const { id } = await client.submitJob({
      ...SMALL_JOB,
      training: { ...SMALL_JOB.training, learning_rates: [1e30, 1e30] },
    });
    const job = await untilEnded(client, id);
    expect(job).toMatchObject({ status: 'failed', is_terminal: true, result: null });
    expect(job.failure?.code).toBe('diverged');
    // The first weights that are looked at have grown beyond all bounds, while every state is held by the clip.
    expect(job.failure?.details).toEqual({
      reason: 'weights-too-large',
      epoch: 1,
      batch: expect.any(Number),
      phase: null,
      layer: null,
      relaxation_step: null,
      parameter: 'weights.0',
      residual: expect.any(Number),
    });
    const { data: series } = await client.getMetrics(id, { keys: ['train/cost'] });
    expect(series[0]?.total_points).toBeGreaterThan(0);
  });
});

describe('a network without bounds that diverges', () => {
  let service: TestStack;
  beforeAll(async () => {
    service = await startTestStack({ queue: 'postgres' });
  });
  afterAll(() => service.stop());

  it('says in which phase, layer and relaxation step the first state was not finite', async () => {
    const { client } = service;
    const { id } = await client.submitJob({
      recipe: 'prototypical-ep',
      dataset: { name: 'mnist', train_samples: 200, test_samples: 100 },
      network: { layers: [784, 16, 10], activation: 'identity' },
      training: { epochs: 1, learning_rates: [1e30, 1e30] },
    });
    const job = await untilEnded(client, id);
    expect(job.failure).toMatchObject({
      code: 'diverged',
      details: {
        reason: 'state-not-finite',
        epoch: 1,
        phase: 'free',
        layer: expect.any(Number),
        relaxation_step: expect.any(Number),
        parameter: null,
      },
    });
  });
});

describe('a database that goes away', () => {
  let service: TestStack;
  let link: BreakableLink;
  beforeAll(async () => {
    service = await startTestStack({
      queue: 'postgres',
      async throughDatabaseUrl(url) {
        link = await openBreakableLink(url);
        // Shorter than the service's own, so that a test need not wait for it.
        return `${link.url}?query_timeout=3000`;
      },
    });
  });
  afterAll(async () => {
    await link.mend();
    await service.stop();
    await link.close();
  });

  it('for less than a lease: the job goes on and succeeds in its first attempt', async () => {
    const { client } = service;
    const { id } = await client.submitJob(SMALL_JOB);
    await followUntil(client, id, (event) => event.type === 'job.epoch');
    await link.refuse();
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS / 4));
    await link.mend();
    expect(await untilEnded(client, id)).toMatchObject({ status: 'succeeded', attempt: 1 });
  });

  it('for longer than a lease: the worker drops the job, and it is run again to the same end', async () => {
    const { client } = service;
    const { id } = await client.submitJob(LONG_JOB);
    await followUntil(client, id, (event) => event.type === 'job.epoch');
    await link.refuse();
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS + 1_000));
    await link.mend();
    const job = await untilEnded(client, id);
    expect(job.status).toBe('succeeded');
    // A lease that was given before the worker was back counts as an attempt, too.
    expect(job.attempt).toBeGreaterThan(1);
    const { data: events } = await client.listEvents(id);
    expect(events.filter(becomes('succeeded'))).toHaveLength(1);
  });

  it('by falling silent: nothing waits for ever on an answer that does not come', async () => {
    const { client } = service;
    const { id } = await client.submitJob(LONG_JOB);
    await followUntil(client, id, (event) => event.type === 'job.epoch');
    link.silence();
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS + 1_000));
    await link.mend();
    const job = await untilEnded(client, id);
    expect(job.status).toBe('succeeded');
    expect(job.attempt).toBeGreaterThan(1);
  });

  it('by refusing all writes, as a full disk makes it: the job goes on when there is room again', async () => {
    const { client, database } = service;
    const { id } = await client.submitJob(LONG_JOB);
    await followUntil(client, id, (event) => event.type === 'job.epoch');
    const refuseWrites = async (refused: boolean) => {
      const { rows } = await database.pool.query<{ name: string }>('SELECT current_database() AS name');
      await database.pool.query(
        `BEGIN READ WRITE; ALTER DATABASE ${rows[0]?.name} SET default_transaction_read_only = ${refused ? 'on' : 'off'}; COMMIT`,
      );
      // The setting holds for new connections; the others are ended.
      await link.refuse();
      await link.mend();
    };
    await refuseWrites(true);
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS + 1_000));
    await refuseWrites(false);
    const job = await untilEnded(client, id);
    expect(job.status).toBe('succeeded');
    expect(job.attempt).toBeGreaterThan(1);
  });
});
