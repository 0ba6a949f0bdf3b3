/** Every route against a missing key, a wrong key and a foreign project: what is not yours answers as if it were not there. */

import { newId, uuidFromId } from '@settle/contracts';
import { putBlob, referenceBlob } from '@settle/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../../../../testing/test-api.ts';
import { TINY_JOB } from '../../../../testing/tiny-dataset.ts';

interface Operation {
  readonly method: 'GET' | 'POST';
  readonly path: string;
}

describe('every route below /v1', () => {
  let api: TestApi;
  let owner: string;
  let stranger: string;
  let operations: Operation[];
  let jobId: string;
  let checkpointId: string;

  beforeAll(async () => {
    api = await startTestApi();
    owner = (await api.newProject('owner')).key;
    stranger = (await api.newProject('stranger')).key;
    jobId = (await api.request('POST', '/v1/jobs', { key: owner, body: TINY_JOB })).json().id;
    checkpointId = await storeCheckpoint(api, jobId);
    const { paths } = (await api.request('GET', '/openapi.json')).json();
    operations = Object.entries<Record<string, unknown>>(paths).flatMap(([path, methods]) =>
      Object.keys(methods).flatMap((method): Operation[] =>
        path.startsWith('/v1/') ? [{ method: method === 'post' ? 'POST' : 'GET', path }] : [],
      ),
    );
  });
  afterAll(() => api.close());

  const idFor = (path: string) => (path.startsWith('/v1/checkpoints/') ? checkpointId : jobId);

  it('is known: a new route comes into this test by itself', () => {
    expect(operations.length).toBeGreaterThanOrEqual(10);
  });

  it('answers 401 without a key, with a malformed one and with one that was never given', async () => {
    const unknown = `settle_${'A'.repeat(43)}`;
    for (const { method, path } of operations) {
      const url = path.replace('{id}', idFor(path));
      for (const authorization of [undefined, 'Bearer', 'Bearer x', `Basic ${owner}`, `Bearer ${unknown}`]) {
        const response = await api.request(
          method,
          url,
          authorization === undefined ? {} : { headers: { authorization } },
        );
        expect([method, path, response.statusCode, response.json().code]).toEqual([
          method,
          path,
          401,
          'unauthenticated',
        ]);
        expect(response.headers['www-authenticate']).toBe('Bearer');
      }
    }
  });

  it('answers a foreign id exactly as a missing one and as nonsense', async () => {
    for (const { method, path } of operations.filter((operation) => operation.path.includes('{id}'))) {
      const kind = path.startsWith('/v1/checkpoints/') ? 'checkpoint' : 'job';
      const foreign = await api.request(method, path.replace('{id}', idFor(path)), { key: stranger });
      const { instance: _foreignInstance, request_id: _foreignRequest, ...answer } = foreign.json();
      expect([path, answer.status, answer.code]).toEqual([path, 404, 'not_found']);
      for (const id of [newId(kind), 'nonsense', '%00', "job_'; DROP TABLE job; --", `${kind}_${'z'.repeat(26)}`]) {
        const missing = await api.request(method, path.replace('{id}', encodeURIComponent(id)), { key: stranger });
        const { instance: _instance, request_id: _request, ...same } = missing.json();
        expect([path, id, same]).toEqual([path, id, answer]);
      }
    }
  });

  it('answers the owner', async () => {
    for (const { method, path } of operations.filter((operation) => operation.method === 'GET')) {
      const response = await api.request(method, path.replace('{id}', idFor(path)), { key: owner });
      expect([path, response.statusCode]).toEqual([path, 200]);
    }
  });

  it('lists only what is yours', async () => {
    expect((await api.request('GET', '/v1/jobs', { key: owner })).json().data).toHaveLength(1);
    expect((await api.request('GET', '/v1/jobs', { key: stranger })).json().data).toHaveLength(0);
  });

  it('refuses a key at once when it is revoked or has expired', async () => {
    const { key } = await api.newProject('passing');
    const { prisma } = api.database;
    const status = async () => (await api.request('GET', '/v1/jobs', { key })).statusCode;
    expect(await status()).toBe(200);
    await prisma.apiKey.updateMany({ where: { name: 'passing' }, data: { expiresAt: new Date(Date.now() - 1) } });
    expect(await status()).toBe(401);
    await prisma.apiKey.updateMany({ where: { name: 'passing' }, data: { expiresAt: null, revokedAt: new Date() } });
    expect(await status()).toBe(401);
  });

  it('keeps no key in the database', async () => {
    const rows = await api.database.prisma.apiKey.findMany();
    expect(JSON.stringify(rows)).not.toContain(owner);
    expect(rows[0]?.prefix).toHaveLength(12);
  });
});

/** A checkpoint row with bytes, as a worker would have left it. */
async function storeCheckpoint({ database }: TestApi, job: string): Promise<string> {
  const blob = await putBlob(database.pool, new TextEncoder().encode('checkpoint'));
  const id = newId('checkpoint');
  const client = await database.pool.connect();
  try {
    await referenceBlob(client, blob.sha256);
    await client.query(
      `INSERT INTO checkpoint (id, job_id, lease, epoch, step, metrics, sha256, size_bytes)
       VALUES ($1, $2, 1, 1, 10, '{}', $3, $4)`,
      [uuidFromId('checkpoint', id), uuidFromId('job', job), blob.sha256, blob.sizeBytes],
    );
  } finally {
    client.release();
  }
  return id;
}
