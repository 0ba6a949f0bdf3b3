/** The service as a whole: health, the OpenAPI document, headers, and answers that keep to their schemas. */
import {
  CheckpointList,
  DatasetList,
  faultsOf,
  Job,
  JobEventList,
  JobList,
  MetricSeriesList,
  Problem,
  RECIPE_NAMES,
} from '@settle/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../../../testing/test-api.ts';
import { TINY_JOB } from '../../../testing/tiny-dataset.ts';

describe('the API', () => {
  let api: TestApi;
  let key: string;
  let jobId: string;
  beforeAll(async () => {
    api = await startTestApi();
    ({ key } = await api.newProject('app'));
    jobId = (await api.request('POST', '/v1/jobs', { key, body: TINY_JOB })).json().id;
  });
  afterAll(() => api.close());

  it('is alive and ready without a key', async () => {
    for (const url of ['/livez', '/readyz']) {
      const response = await api.request('GET', url);
      expect([url, response.statusCode, response.json()]).toEqual([url, 200, { status: 'ok' }]);
    }
  });

  it('is not ready when a migration is missing', async () => {
    const { pool } = api.database;
    const hide = (at: string) => pool.query(`UPDATE _prisma_migrations SET finished_at = ${at}`);
    await hide('NULL');
    const response = await api.request('GET', '/readyz');
    await hide('now()');
    expect(response.statusCode).toBe(503);
    expect(response.json()).toMatchObject({ code: 'not_ready', detail: 'Not ready: database.' });
  });

  it('describes itself in OpenAPI 3.1, with an operationId and answers for every route', async () => {
    const document = (await api.request('GET', '/openapi.json')).json();
    expect(document.openapi).toMatch(/^3\.1/);
    const operations = Object.values<Record<string, { operationId?: string; responses?: object }>>(
      document.paths,
    ).flatMap((methods) => Object.values(methods));
    const names = operations.map((operation) => operation.operationId);
    expect(new Set(names).size).toBe(operations.length);
    expect(names).not.toContain(undefined);
    const events = document.paths['/v1/jobs/{id}/events'].get;
    expect(events.parameters.filter((parameter: { required?: boolean }) => parameter.required)).toHaveLength(1);
    expect(Object.keys(events.responses['200'].content)).toEqual(['application/json', 'text/event-stream']);
    expect(Object.keys(events.responses['404'].content)).toEqual(['application/problem+json']);
    expect(events.responses['204'].content).toBeUndefined();
    const content = document.paths['/v1/checkpoints/{id}/content'].get;
    expect(Object.keys(content.responses['206'].content)).toEqual(['application/octet-stream']);
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/v1/jobs',
        '/v1/jobs/{id}',
        '/v1/jobs/{id}/cancel',
        '/v1/jobs/{id}/metrics',
        '/v1/jobs/{id}/events',
        '/v1/jobs/{id}/checkpoints',
        '/v1/checkpoints/{id}/content',
        '/v1/recipes',
        '/v1/datasets',
        '/livez',
        '/readyz',
      ]),
    );
  });

  it('shows a page to browse the document, without anything from elsewhere', async () => {
    const page = await api.request('GET', '/docs/');
    expect(page.statusCode).toBe(200);
    expect(page.body).not.toMatch(/(src|href)="https?:/);
  });

  it('answers in the shape that its schemas promise', async () => {
    const get = async (url: string) => (await api.request('GET', url, { key })).json();
    expect(faultsOf(Job, await get(`/v1/jobs/${jobId}`))).toEqual([]);
    expect(faultsOf(JobList, await get('/v1/jobs'))).toEqual([]);
    expect(faultsOf(JobEventList, await get(`/v1/jobs/${jobId}/events`))).toEqual([]);
    expect(faultsOf(MetricSeriesList, await get(`/v1/jobs/${jobId}/metrics`))).toEqual([]);
    expect(faultsOf(CheckpointList, await get(`/v1/jobs/${jobId}/checkpoints`))).toEqual([]);
    expect(faultsOf(DatasetList, await get('/v1/datasets'))).toEqual([]);
    expect(faultsOf(Problem, await get('/v1/nowhere'))).toEqual([]);
  });

  it('gives each recipe with a schema whose defaults make a valid job on data of the right shape', async () => {
    const { data } = (await api.request('GET', '/v1/recipes', { key })).json();
    expect(data.map((recipe: { name: string }) => recipe.name)).toEqual(RECIPE_NAMES);
    for (const recipe of data) {
      expect(recipe.schema.required).toEqual(['recipe', 'dataset']);
      const body = { recipe: recipe.name, dataset: { name: 'tiny' } };
      const { errors } = (await api.request('POST', '/v1/jobs', { key, body })).json();
      const last = recipe.schema.properties.network.properties.layers.default.length - 1;
      // MNIST's shape is in the defaults, so on the tiny data nothing but the shape is wrong.
      expect(errors.map((fault: { pointer: string }) => fault.pointer)).toEqual([
        '/network/layers/0',
        `/network/layers/${last}`,
      ]);
    }
  });

  it('says which metric series a job has, and refuses keys that no series can have', async () => {
    const metrics = (query: string) => api.request('GET', `/v1/jobs/${jobId}/metrics${query}`, { key });
    expect((await metrics('?keys=diagnostics/weight-norm/weights.0,epoch/recall/1')).json()).toEqual({
      data: [],
      available_keys: [],
    });
    for (const keys of ['A', 'a,,b', '-a', 'a b', 'x'.repeat(129)]) {
      const response = await metrics(`?keys=${encodeURIComponent(keys)}`);
      expect([response.statusCode, response.json().errors[0]?.pointer]).toEqual([400, 'keys']);
    }
  });

  it.each(['/v1/%zz', `/v1/jobs/${'x'.repeat(300)}`, '/%'])(
    'answers a malformed URL (%s) with a problem document',
    async (url) => {
      const response = await api.request('GET', url, { key });
      expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect([response.statusCode, response.json().code]).toEqual([404, 'not_found']);
    },
  );

  it('takes a POST that names a content type and has no body', async () => {
    const { id } = (await api.request('POST', '/v1/jobs', { key, body: TINY_JOB })).json();
    const response = await api.request('POST', `/v1/jobs/${id}/cancel`, {
      key,
      headers: { 'content-type': 'application/json' },
    });
    expect(response.statusCode).toBe(202);
  });

  it('says that it is not ready, and not that it has a bug, while the database is away', async () => {
    const own = await startTestApi();
    const project = await own.newProject('away');
    // What a full disk does as well: reading works, writing does not. The setting holds for new connections alone.
    const client = await own.database.pool.connect();
    const name = new URL(own.connectionString).pathname.slice(1);
    await client.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    client.release(true);
    await expect
      .poll(
        async () => {
          const response = await own.request('POST', '/v1/jobs', { key: project.key, body: TINY_JOB });
          return [response.statusCode, response.headers['retry-after']];
        },
        { timeout: 20_000, interval: 500 },
      )
      .toEqual([503, '5']);
    await own.close();
  });

  it('sends a request id and security headers with every answer, refusals included', async () => {
    for (const url of ['/livez', '/v1/jobs', '/nowhere']) {
      const { headers } = await api.request('GET', url);
      expect(headers['x-request-id']).toMatch(/^req_/);
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
  });
});
