/** Networks that diverge, and databases that go away: failed with a reason or carried on, never "running" for ever. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BreakableLink, openBreakableLink } from '../breakable-link.ts';
import { becomes, followUntil, LEASE_MS, SMALL_JOB, startTestStack, type TestStack, untilEnded } from './test-stack.ts';

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
    expect(job.failure?.details['epoch']).toBe(1);
    expect(job.failure?.details['residual']).toEqual(expect.any(Number));
    const { data: series } = await client.getMetrics(id, { keys: ['train/cost'] });
    expect(series[0]?.total_points).toBeGreaterThan(0);
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
        return link.url;
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
    const long = { ...SMALL_JOB, training: { ...SMALL_JOB.training, epochs: 40 } };
    const { id } = await client.submitJob(long);
    await followUntil(client, id, (event) => event.type === 'job.epoch');
    await link.refuse();
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS + 1_000));
    await link.mend();
    const job = await untilEnded(client, id);
    expect(job).toMatchObject({ status: 'succeeded', attempt: 2 });
    const { data: events } = await client.listEvents(id);
    expect(events.filter(becomes('succeeded'))).toHaveLength(1);
  });
});
