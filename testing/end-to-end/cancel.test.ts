/** Cancelling takes effect within a second, wherever the job is. */
import { ProblemError } from '@settle/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  becomes,
  ENDLESS_PHASE_JOB,
  ENDLESS_REFERENCE_JOB,
  followUntil,
  SMALL_JOB,
  startTestStack,
  type TestStack,
  untilEnded,
} from './test-stack.ts';

describe('cancelling', () => {
  let service: TestStack;
  beforeAll(async () => {
    service = await startTestStack({ queue: 'postgres', environment: { SLOTS: '2' } });
  });
  afterAll(() => service.stop());

  it.each([
    ['the fastest kernels', ENDLESS_PHASE_JOB],
    ['the wasm kernels', { ...ENDLESS_PHASE_JOB, determinism: 'portable' }],
    ['two lanes of the fastest', { ...ENDLESS_PHASE_JOB, lanes: 2 }],
    ['two lanes of the wasm kernels', { ...ENDLESS_PHASE_JOB, determinism: 'portable', lanes: 2 }],
    ['the reference kernels', ENDLESS_REFERENCE_JOB],
  ])('stops a running job in the middle of a phase of %s within 1 s, and takes the next', async (_, body) => {
    const { client } = service;
    const { id } = await client.submitJob(body);
    await followUntil(client, id, becomes('running'));
    // Long enough to be inside the first phase, which takes minutes: not one batch is done.
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect((await client.getJob(id)).progress).toBeNull();

    const asked = performance.now();
    await client.cancelJob(id);
    const job = await untilEnded(client, id);
    expect(performance.now() - asked).toBeLessThan(1_000);
    expect(job).toMatchObject({ status: 'cancelled', status_reason: 'cancel_requested' });

    const next = await client.submitJob({ ...SMALL_JOB, training: { ...SMALL_JOB.training, epochs: 1 } });
    expect((await untilEnded(client, next.id)).status).toBe('succeeded');
  });

  it('ends a queued job at once, and refuses a second cancel of an ended one', async () => {
    const { client } = service;
    const blocking = await client.submitJob({ ...ENDLESS_PHASE_JOB, lanes: 2 });
    await followUntil(client, blocking.id, becomes('running'));
    const { id } = await client.submitJob(SMALL_JOB);
    expect(await client.cancelJob(id)).toMatchObject({ status: 'cancelled', is_terminal: true });
    const refusal = await client.cancelJob(id).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ProblemError);
    expect(refusal instanceof ProblemError && refusal.problem.code).toBe('job_already_finished');
    await client.cancelJob(blocking.id);
    expect((await untilEnded(client, blocking.id)).status).toBe('cancelled');
  });

  it('cancels a job whose worker was killed, once its lease has run out', async () => {
    const { client, stack } = service;
    const { id } = await client.submitJob(ENDLESS_PHASE_JOB);
    await followUntil(client, id, becomes('running'));
    stack.worker.child.kill('SIGKILL');
    await stack.worker.ended;
    expect((await client.cancelJob(id)).status).toBe('cancelling');
    expect((await untilEnded(client, id)).status).toBe('cancelled');
    await stack.startWorker();
  });
});
