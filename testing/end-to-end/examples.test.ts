/** The jobs of examples/, as a lab would send them: every one is accepted, succeeds, and learns. */
import { readdir, readFile } from 'node:fs/promises';
import { RECIPE_NAMES } from '@settle/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestStack, type TestStack, untilEnded } from './test-stack.ts';

const FOLDER = new URL('../../examples/jobs/', import.meta.url);

/** Ten classes; guessing gets a tenth right, and these jobs are small. */
const LEAST_ACCURACY = 0.3;

let service: TestStack;
beforeAll(async () => {
  service = await startTestStack({ queue: 'postgres' });
});
afterAll(() => service.stop());

it('there is an example of every recipe', async () => {
  const files = await readdir(FOLDER);
  expect(files.toSorted()).toEqual(RECIPE_NAMES.map((recipe) => `${recipe}.json`).toSorted());
});

it.each(RECIPE_NAMES)('%s', async (recipe) => {
  const body: unknown = JSON.parse(await readFile(new URL(`${recipe}.json`, FOLDER), 'utf8'));
  const { id } = await service.client.submitJob(body);
  const job = await untilEnded(service.client, id);
  expect(job.failure).toBeNull();
  expect(job).toMatchObject({ recipe, status: 'succeeded' });
  expect(job.result?.test_accuracy).toBeGreaterThan(LEAST_ACCURACY);
});
