/** The event feed, over a real socket: server-sent events and long polls tell the same story. */
import { type FollowedEvent, settleClient } from '@settle/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../test-api.ts';
import { TINY_JOB } from '../tiny-dataset.ts';

describe('GET /v1/jobs/{id}/events', () => {
  let api: TestApi;
  let key: string;
  let baseUrl: string;
  beforeAll(async () => {
    api = await startTestApi();
    ({ key } = await api.newProject('events'));
    baseUrl = await api.app.listen({ host: '127.0.0.1', port: 0 });
  });
  afterAll(() => api.close());

  const newJob = async (): Promise<string> =>
    (await api.request('POST', '/v1/jobs', { key, body: TINY_JOB })).json().id;
  const stream = (id: string, headers: Record<string, string> = {}) =>
    fetch(`${baseUrl}/v1/jobs/${id}/events`, {
      headers: { authorization: `Bearer ${key}`, accept: 'text/event-stream', ...headers },
    });

  it('streams what has happened and what happens, and ends with the job', async () => {
    const id = await newJob();
    const client = settleClient({ baseUrl, apiKey: key });
    const seen: FollowedEvent[] = [];
    for await (const event of client.followJob(id)) {
      seen.push(event);
      if (seen.length === 1) await client.cancelJob(id);
    }
    expect(seen.map((event) => (event.type === 'job.status' ? event.data.status : event.type))).toEqual([
      'queued',
      'cancelled',
    ]);
    expect((await client.listEvents(id)).data).toEqual(seen);
  });

  it('goes on after Last-Event-ID, and answers 204 to a client that has everything', async () => {
    const id = await newJob();
    await api.request('POST', `/v1/jobs/${id}/cancel`, { key });
    const text = await (await stream(id, { 'last-event-id': '1' })).text();
    expect(text).toMatch(/^retry: \d+\n\n/);
    expect([...text.matchAll(/^id: (\d+)$/gm)].map(([, number]) => number)).toEqual(['2']);
    expect((await stream(id, { 'last-event-id': '2' })).status).toBe(204);
  });

  it.each(['-1', 'x', '99999999999', '1; DROP TABLE job_event'])('refuses Last-Event-ID %j', async (header) => {
    const response = await stream(await newJob(), { 'last-event-id': header });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'request_invalid', errors: [{ pointer: 'last-event-id' }] });
  });

  it('holds a long poll until something happens, and answers at once when something has', async () => {
    const id = await newJob();
    const client = settleClient({ baseUrl, apiKey: key });
    expect((await client.listEvents(id)).data.map((event) => event.id)).toEqual([1]);

    const waiting = client.listEvents(id, { after: 1, waitSeconds: 20 });
    let answered = false;
    void waiting.then(() => {
      answered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(answered).toBe(false);
    await client.cancelJob(id);
    const list = await waiting;
    expect(list).toMatchObject({ data: [{ id: 2, type: 'job.status' }], last_event_id: 2, is_terminal: true });
  });

  it('answers an empty list when a long poll has waited long enough', async () => {
    const client = settleClient({ baseUrl, apiKey: key });
    const list = await client.listEvents(await newJob(), { after: 1, waitSeconds: 1 });
    expect(list).toMatchObject({ data: [], last_event_id: 1, is_terminal: false, progress: null });
  });

  it('ends open streams when the service closes', async () => {
    const own = await startTestApi();
    const project = await own.newProject('closing');
    const url = await own.app.listen({ host: '127.0.0.1', port: 0 });
    const { id } = (await own.request('POST', '/v1/jobs', { key: project.key, body: TINY_JOB })).json();
    const response = await fetch(`${url}/v1/jobs/${id}/events`, {
      headers: { authorization: `Bearer ${project.key}`, accept: 'text/event-stream' },
    });
    const ended = response.text();
    await own.close();
    // Ended in order, not cut off: the text is there, and the client knows when to come back.
    expect(await ended).toContain('retry: ');
  });
});
