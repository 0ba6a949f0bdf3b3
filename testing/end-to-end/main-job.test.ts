/** The main path on both queue backends: submit, train, watch, download; and everything is still there after a restart. */
import { createHash } from 'node:crypto';
import { decodeCheckpoint } from '@settle/core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { SMALL_JOB, startTestStack, type TestStack, untilEnded } from './test-stack.ts';

const backends =
  inject('services').redis.kind === 'running' ? (['postgres', 'redis'] as const) : (['postgres'] as const);

describe.each(backends)('the main job with the queue on %s', (queue) => {
  let service: TestStack;
  beforeAll(async () => {
    service = await startTestStack({ queue });
  });
  afterAll(() => service.stop());

  it('trains to a useful accuracy, tells every epoch, and its checkpoint has the promised hash', async () => {
    const { client } = service;
    const submitted = await client.submitJob({ ...SMALL_JOB, name: 'main' });
    expect(submitted).toMatchObject({ status: 'queued', is_terminal: false, attempt: 0, name: 'main' });

    const job = await untilEnded(client, submitted.id);
    expect(job.failure).toBeNull();
    expect(job.status).toBe('succeeded');
    expect(job.result?.test_accuracy).toBeGreaterThan(0.85);

    const { data: events } = await client.listEvents(submitted.id);
    expect(events.map((event) => event.id)).toEqual(events.map((_, i) => i + 1));
    expect(events.filter((event) => event.type === 'job.epoch')).toHaveLength(SMALL_JOB.training.epochs);
    const states = events.flatMap((event) => (event.type === 'job.status' ? [event.data.status] : []));
    expect(states).toEqual(['queued', 'starting', 'running', 'succeeded']);

    const { data: checkpoints } = await client.listCheckpoints(submitted.id);
    expect(checkpoints).toHaveLength(SMALL_JOB.training.epochs);
    const last = checkpoints.at(-1);
    expect(last?.id).toBe(job.result?.checkpoint_id);
    const file = await client.downloadCheckpoint(last?.id ?? '');
    expect(createHash('sha256').update(file).digest('hex')).toBe(job.result?.checkpoint_sha256);
    expect(decodeCheckpoint(file).method.network).toMatchObject({ input: [784, 1, 1], layers: [64, 10] });
  });

  it('keeps a metric point for every batch and reduces them to what a chart asks for', async () => {
    const { client } = service;
    const { data: jobs } = await client.listJobs({ limit: 1 });
    const id = jobs[0]?.id ?? '';
    const batches = (SMALL_JOB.training.epochs * SMALL_JOB.dataset.train_samples) / SMALL_JOB.training.batch_size;
    const { data: series } = await client.getMetrics(id, {
      keys: ['train/cost', 'epoch/test-accuracy'],
      maxPoints: 100,
    });
    expect(series.map((one) => one.key)).toEqual(['epoch/test-accuracy', 'train/cost']);
    const [accuracy, cost] = series;
    expect(accuracy?.total_points).toBe(SMALL_JOB.training.epochs);
    expect(cost?.total_points).toBe(batches);
    expect(cost?.points.length).toBeLessThanOrEqual(100);
    expect(cost?.points.reduce((sum, point) => sum + Number(point[4]), 0)).toBe(batches);
  });

  it('gives the same checkpoint hash to a second run of the same job', async () => {
    const { client } = service;
    const job = { ...SMALL_JOB, training: { ...SMALL_JOB.training, epochs: 2 } };
    const [first, second] = await Promise.all([client.submitJob(job), client.submitJob(job)]);
    const results = [await untilEnded(client, first.id), await untilEnded(client, second.id)];
    expect(results[0]?.result?.checkpoint_sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(results[0]?.result?.checkpoint_sha256).toBe(results[1]?.result?.checkpoint_sha256);
  });

  it('never logs a key', async () => {
    expect(await service.logs()).not.toContain(service.apiKey);
  });
});
