/** What a crash may cost: time, and nothing else. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { becomes, followUntil, LEASE_MS, SMALL_JOB, startTestStack, type TestStack, untilEnded } from './test-stack.ts';

describe('a job whose worker dies', () => {
  let service: TestStack;
  let undisturbed: string | undefined;
  beforeAll(async () => {
    service = await startTestStack({ queue: 'postgres' });
    const { id } = await service.client.submitJob(SMALL_JOB);
    undisturbed = (await untilEnded(service.client, id)).result?.checkpoint_sha256;
  });
  afterAll(() => service.stop());

  it('runs again within two lease lengths after SIGKILL in mid-training, and ends with the same bits', async () => {
    const { client, stack } = service;
    const { id } = await client.submitJob(SMALL_JOB);
    await followUntil(client, id, (event) => event.type === 'job.checkpoint');

    stack.worker.child.kill('SIGKILL');
    await stack.worker.ended;
    const killedAt = performance.now();
    await stack.startWorker();
    await followUntil(
      client,
      id,
      (event) => becomes('running')(event) && event.type === 'job.status' && event.data.attempt === 2,
    );
    expect(performance.now() - killedAt).toBeLessThan(2 * LEASE_MS);

    const job = await untilEnded(client, id);
    expect(job).toMatchObject({ status: 'succeeded', attempt: 2 });
    expect(job.result?.checkpoint_sha256).toBe(undisturbed);

    const { data: events } = await client.listEvents(id);
    const epochs = events.flatMap((event) => (event.type === 'job.epoch' ? [event.data.epoch] : []));
    expect(new Set(epochs).size).toBe(SMALL_JOB.training.epochs);
    const { data: series } = await client.getMetrics(id, { keys: ['train/cost'] });
    // Points of the first attempt beyond the checkpoint are superseded, so every batch is there once.
    expect(series[0]?.total_points).toBe(
      (SMALL_JOB.training.epochs * SMALL_JOB.dataset.train_samples) / SMALL_JOB.training.batch_size,
    );
  });

  it('is handed back on SIGTERM with its exact position, no attempt lost, and ends with the same bits', async () => {
    const { client, stack } = service;
    const { id } = await client.submitJob(SMALL_JOB);
    await followUntil(client, id, (event) => event.type === 'job.epoch');

    stack.worker.child.kill('SIGTERM');
    await stack.worker.ended;
    expect(stack.worker.child.exitCode).toBe(0);
    const waiting = await client.getJob(id);
    expect(waiting).toMatchObject({ status: 'queued', status_reason: 'handed_back' });

    await stack.startWorker();
    const job = await untilEnded(client, id);
    expect(job).toMatchObject({ status: 'succeeded', attempt: 2 });
    expect(job.result?.checkpoint_sha256).toBe(undisturbed);
  });

  it('fails with a reason, not "running" for ever, when workers die again and again without a new checkpoint', async () => {
    const { client, stack } = service;
    const { id } = await client.submitJob({
      ...SMALL_JOB,
      limits: { max_attempts: 2 },
      dataset: { name: 'mnist' },
      settling: { free_steps: 20_000 },
    });
    for (let attempt = 1; attempt <= 2; attempt++) {
      await followUntil(
        client,
        id,
        (event) => becomes('running')(event) && event.type === 'job.status' && event.data.attempt === attempt,
      );
      stack.worker.child.kill('SIGKILL');
      await stack.worker.ended;
      if (attempt === 1) await stack.startWorker();
    }
    const job = await untilEnded(client, id);
    expect(job).toMatchObject({ status: 'failed', failure: { code: 'worker_lost' } });
    await stack.startWorker();
  });
});
