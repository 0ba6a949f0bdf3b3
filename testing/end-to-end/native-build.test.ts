/** A native build that is broken, or turned off, is one line of the worker's log: jobs run on WebAssembly. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureBuiltInDataset } from '@settle/store';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TINY_JOB, tinyDataset } from '../tiny-dataset.ts';
import { startTestStack, untilEnded } from './test-stack.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'settle broken build '));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function broken(content: string, digest: string): Promise<string> {
  const file = path.join(folder, 'broken.node');
  await writeFile(file, content);
  await writeFile(`${file}.sha256`, digest);
  return file;
}

it.each([
  ['off', async () => ({ SETTLE_NATIVE: 'off' }), 'SETTLE_NATIVE is off'],
  ['damaged', async () => ({ SETTLE_NATIVE_BUILD: await broken('damaged', '') }), 'the build is damaged'],
  [
    'foreign',
    async () => {
      const digest = createHash('sha256').update('no library').digest('hex');
      return { SETTLE_NATIVE_BUILD: await broken('no library', digest) };
    },
    'broken.node',
  ],
] as const)('a build that is %s', async (_, environment, reason) => {
  const service = await startTestStack({ queue: 'postgres', environment: await environment() });
  try {
    await ensureBuiltInDataset(service.database, tinyDataset());
    const { id } = await service.client.submitJob(TINY_JOB);
    expect(await untilEnded(service.client, id)).toMatchObject({ status: 'succeeded', result: { kernels: 'wasm' } });
    const lines = (await service.logs()).split('\n').filter((line) => line.includes('no_native_kernels'));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({
      event: 'worker_started',
      kernels: ['wasm', 'reference'],
      no_native_kernels: expect.stringContaining(reason),
    });
  } finally {
    await service.stop();
  }
});
