import { PROBLEMS } from '@settle/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../../../../../testing/test-api.ts';
import { TINY_JOB } from '../../../../../testing/tiny-dataset.ts';

describe('POST /v1/jobs', () => {
  let api: TestApi;
  let key: string;
  beforeAll(async () => {
    api = await startTestApi();
    ({ key } = await api.newProject('submit'));
  });
  afterAll(() => api.close());

  const stored = () => api.database.prisma.job.count();
  const submit = (body: unknown, headers?: Record<string, string>) =>
    api.request('POST', '/v1/jobs', { key, body, ...(headers === undefined ? {} : { headers }) });

  /** Submits what must be refused, and checks that it is one clear problem document and that nothing was stored. */
  const refused = async (body: unknown, code: keyof typeof PROBLEMS, headers?: Record<string, string>) => {
    const before = await stored();
    const response = await submit(body, headers);
    const problem = response.json();
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(problem).toMatchObject({
      code,
      status: PROBLEMS[code].status,
      title: PROBLEMS[code].title,
      instance: '/v1/jobs',
    });
    expect(problem.request_id).toMatch(/^req_/);
    expect(response.statusCode).toBe(PROBLEMS[code].status);
    expect(await stored()).toBe(before);
    return problem.errors as { pointer: string; code: string; detail: string }[];
  };

  it('answers 202 with the job, its place, and every default filled in', async () => {
    const response = await submit({ ...TINY_JOB, name: 'first' });
    expect(response.statusCode).toBe(202);
    const job = response.json();
    expect(response.headers.location).toBe(`/v1/jobs/${job.id}`);
    expect(job).toMatchObject({
      object: 'job',
      name: 'first',
      status: 'queued',
      is_terminal: false,
      spec: {
        seed: 1,
        target: 'cpu',
        settling: { step_size: 0.5, nudging: 'random-sign' },
        limits: { max_attempts: 3 },
      },
    });
  });

  it('names every fault at once, each with its JSON Pointer', async () => {
    const faults = await refused(
      {
        recipe: 'ep',
        nmae: 'misspelt',
        seed: -1,
        target: 'gpu',
        dataset: { name: 'tiny', train_samples: 1_000 },
        network: { layers: [15, 0, 3], activation: 'relu' },
        settling: { beta: 0, free_steps: 1.5 },
        training: { learnig_rates: [1, 1], learning_rates: [0.1, 'x', 0.1], epochs: 0 },
      },
      'body_invalid',
    );
    expect(Object.fromEntries(faults.map((fault) => [fault.pointer, fault.code]))).toEqual({
      '/nmae': 'unknown_field',
      '/seed': 'minimum',
      '/target': 'enum',
      '/dataset/train_samples': 'too_many_samples',
      '/network/layers/0': 'input_size_mismatch',
      '/network/layers/1': 'minimum',
      '/network/layers/2': 'output_size_mismatch',
      '/network/activation': 'enum',
      '/settling/beta': 'exclusive_minimum',
      '/settling/free_steps': 'type',
      '/training/learnig_rates': 'unknown_field',
      '/training/learning_rates': 'length_mismatch',
      '/training/learning_rates/1': 'type',
      '/training/epochs': 'minimum',
    });
    const misspelt = faults.find((fault) => fault.pointer === '/training/learnig_rates');
    expect(misspelt?.detail).toContain('did you mean learning_rates?');
  });

  it.each([
    ['an unknown recipe', { ...TINY_JOB, recipe: 'perceptron' }, '/recipe'],
    ['no recipe', { dataset: { name: 'tiny' } }, '/recipe'],
    ['an unknown dataset', { ...TINY_JOB, dataset: { name: 'nowhere' } }, '/dataset/name'],
    ['a dataset name that Postgres cannot hold', { ...TINY_JOB, dataset: { name: 'a\u0000b' } }, '/dataset/name'],
    ['half a surrogate pair', { ...TINY_JOB, name: '\ud800' }, '/name'],
    ['a network beyond all memory', { ...TINY_JOB, network: { layers: [16, 1_000_000, 1_000, 2] } }, '/network/layers'],
    [
      'a batch beyond all memory',
      { ...TINY_JOB, network: { layers: [16, 500, 2] }, training: { batch_size: 100_000 } },
      '/training/batch_size',
    ],
    ['NaN as text', { ...TINY_JOB, training: { learning_rates: ['NaN', 0.1] } }, '/training/learning_rates/0'],
    ['a list', [TINY_JOB], ''],
    ['null', null, ''],
  ])('refuses %s', async (_, body, pointer) => {
    const faults = await refused(body, 'body_invalid');
    expect(faults.map((fault) => fault.pointer)).toContain(pointer);
  });

  it('refuses numbers that JSON can write and float64 cannot hold', async () => {
    const faults = await refused('{"recipe":"ep","dataset":{"name":"tiny"},"settling":{"beta":1e999}}', 'body_invalid');
    expect(faults.map((fault) => fault.pointer)).toContain('/settling/beta');
  });

  it('refuses what is not JSON, what would poison a prototype, and what is not said to be JSON', async () => {
    await refused('{"recipe": ', 'body_not_json');
    await refused('', 'body_invalid');
    await refused('{"__proto__": {"recipe": "ep"}}', 'body_not_json');
    await refused('recipe=ep', 'unsupported_media_type', { 'content-type': 'application/x-www-form-urlencoded' });
  });

  it('refuses a body of 50 MB without reading it', async () => {
    await refused(`{"name":"${'x'.repeat(50_000_000)}"}`, 'body_too_large');
  });
});
