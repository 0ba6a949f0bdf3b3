import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../../../../../testing/test-api.ts';
import { TINY_JOB } from '../../../../../testing/tiny-dataset.ts';

describe('GET /v1/jobs', () => {
  let api: TestApi;
  let key: string;
  const submitted: string[] = [];
  beforeAll(async () => {
    api = await startTestApi();
    ({ key } = await api.newProject('list'));
    for (let i = 0; i < 7; i++) {
      submitted.push((await api.request('POST', '/v1/jobs', { key, body: TINY_JOB })).json().id);
    }
  });
  afterAll(() => api.close());

  it.each([1, 2, 3, 7, 50])('gives every job once, newest first, in pages of %i', async (limit) => {
    const seen: string[] = [];
    let query = `limit=${limit}`;
    for (;;) {
      const page = (await api.request('GET', `/v1/jobs?${query}`, { key })).json();
      seen.push(...page.data.map((job: { id: string }) => job.id));
      expect(page.has_more).toBe(page.next_cursor !== null);
      if (!page.has_more) break;
      query = `limit=${limit}&after=${page.next_cursor}`;
    }
    expect(seen).toEqual(submitted.toReversed());
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=many', 'limit'],
    ['offset=3', 'offset'],
    ['after=job_nonsense', 'after'],
  ])('refuses ?%s and names the parameter', async (query, parameter) => {
    const response = await api.request('GET', `/v1/jobs?${query}`, { key });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ code: 'request_invalid', errors: [{ pointer: parameter }] });
  });
});

describe('GET /v1/jobs/{id}', () => {
  let api: TestApi;
  let key: string;
  beforeAll(async () => {
    api = await startTestApi();
    ({ key } = await api.newProject('poll'));
  });
  afterAll(() => api.close());

  it('answers 304 to a poll with the ETag it gave, until the job changes', async () => {
    const { id } = (await api.request('POST', '/v1/jobs', { key, body: TINY_JOB })).json();
    const first = await api.request('GET', `/v1/jobs/${id}`, { key });
    const etag = String(first.headers.etag);
    const again = () => api.request('GET', `/v1/jobs/${id}`, { key, headers: { 'if-none-match': etag } });
    const unchanged = await again();
    expect([unchanged.statusCode, unchanged.body]).toEqual([304, '']);
    await api.request('POST', `/v1/jobs/${id}/cancel`, { key });
    const changed = await again();
    expect(changed.statusCode).toBe(200);
    expect(changed.json()).toMatchObject({ status: 'cancelled', is_terminal: true, poll_after_ms: null });
    expect(changed.headers.etag).not.toBe(etag);
  });
});
