import { createHash, randomBytes } from 'node:crypto';
import { type JobId, newId } from '@settle/contracts';
import { claimJob, giveLeases, reportWorker, saveCheckpoint } from '@settle/store';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestApi, type TestApi } from '../../../../../testing/test-api.ts';
import { TINY_JOB } from '../../../../../testing/tiny-dataset.ts';

/** Two and a half chunks of the blob store. */
const file = new Uint8Array(randomBytes(2_621_440));

describe('GET /v1/checkpoints/{id}/content', () => {
  let api: TestApi;
  let key: string;
  let url: string;
  beforeAll(async () => {
    api = await startTestApi();
    ({ key } = await api.newProject('content'));
    url = `/v1/checkpoints/${await checkpointOf(api, key)}/content`;
  });
  afterAll(() => api.close());

  const get = (headers: Record<string, string> = {}) => api.request('GET', url, { key, headers });

  it('gives the whole file with its digest and length', async () => {
    const response = await get();
    expect(response.statusCode).toBe(200);
    expect(Buffer.compare(response.rawPayload, file)).toBe(0);
    expect(response.headers).toMatchObject({
      'accept-ranges': 'bytes',
      'content-length': String(file.length),
      'repr-digest': `sha-256=:${createHash('sha256').update(file).digest('base64')}:`,
    });
  });

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=1048570-1048580', 1_048_570, 1_048_581],
    ['bytes=1000000-2200000', 1_000_000, 2_200_001],
    ['bytes=2621439-', 2_621_439, 2_621_440],
    ['bytes=-5', 2_621_435, 2_621_440],
  ])('gives the part %s across chunk borders', async (range, begin, end) => {
    const response = await get({ range });
    expect(response.statusCode).toBe(206);
    expect(response.headers['content-range']).toBe(`bytes ${begin}-${end - 1}/${file.length}`);
    expect(Buffer.compare(response.rawPayload, file.subarray(begin, end))).toBe(0);
  });

  it('refuses a range beyond the end and says how long the file is', async () => {
    const response = await get({ range: `bytes=${file.length}-` });
    expect(response.statusCode).toBe(416);
    expect(response.headers['content-range']).toBe(`bytes */${file.length}`);
    expect(response.json().code).toBe('range_not_satisfiable');
    expect(response.headers['cache-control']).toBeUndefined();
    expect(response.headers.etag).toBeUndefined();
  });

  it('answers HEAD with the length and no bytes', async () => {
    const response = await api.app.inject({ method: 'HEAD', url, headers: { authorization: `Bearer ${key}` } });
    expect([response.statusCode, response.headers['content-length'], response.body]).toEqual([
      200,
      String(file.length),
      '',
    ]);
  });

  it('gives the whole file when If-Range names another version', async () => {
    const { etag } = (await get()).headers;
    expect((await get({ range: 'bytes=0-9', 'if-range': String(etag) })).statusCode).toBe(206);
    expect((await get({ range: 'bytes=0-9', 'if-range': '"other"' })).statusCode).toBe(200);
  });
});

/** Submits a job, takes it as a worker would, and saves one checkpoint for it. */
async function checkpointOf(api: TestApi, key: string): Promise<string> {
  const { database } = api;
  const jobId: JobId = (await api.request('POST', '/v1/jobs', { key, body: TINY_JOB })).json().id;
  const worker = { id: newId('worker'), host: 'test', pid: 1, slots: 1, kernels: 'wasm' };
  await reportWorker(database, worker, false);
  // The API's own dispatcher may be quicker; either way the job has lease 1.
  await giveLeases(database, 10_000);
  const fence = { jobId, lease: 1 };
  await vi.waitFor(async () => expect((await claimJob(database, fence, worker, 10_000)).kind).toBe('written'));
  const saved = await saveCheckpoint(database, fence, {
    id: newId('checkpoint'),
    epoch: 1,
    step: 10,
    metrics: { test_accuracy: 0.5 },
    file,
  });
  if (saved.kind === 'lease-lost') throw new Error('the lease was lost');
  return saved.value.id;
}
