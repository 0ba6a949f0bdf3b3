/** Whatever lies where the library should be, loading it is an answer. What is compiled here is tested in testing/deployment. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createArenaMemory, ENGINE_VERSION, openArena } from '@settle/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enginesIn } from './engines.ts';
import { loadAddon } from './load-addon.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'settle native build '));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A file with its digest beside it, as set-up leaves them. */
async function build(name: string, content: string | Uint8Array, digest?: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, content);
  await writeFile(`${file}.sha256`, digest ?? createHash('sha256').update(content).digest('hex'));
  return file;
}

/** The first bytes of a library for a processor that nobody has had for long. */
function elfOfAnotherMachine(): Uint8Array {
  const header = new Uint8Array(4_096);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  // A shared object, for the Fujitsu MMA.
  header.set([3, 0, 54, 0, 1], 16);
  return header;
}

describe('loading', () => {
  it.each([
    ['text', 'this is no library\n'],
    ['nothing', ''],
    ['a library of another machine', elfOfAnotherMachine()],
  ])('%s says why not', async (name, content) => {
    const outcome = loadAddon({ SETTLE_NATIVE_BUILD: await build(`${name}.node`, content) });
    expect(outcome).toEqual({ kind: 'absent', reason: expect.stringMatching(/\S/) });
    expect(outcome.kind === 'absent' && outcome.reason).not.toContain('\n');
  });

  it.each([
    ['another digest', 'a'.repeat(64)],
    ['no digest', ''],
  ])('a file with %s does not even begin', async (_, digest) => {
    const file = await build('damaged.node', elfOfAnotherMachine(), digest);
    expect(loadAddon({ SETTLE_NATIVE_BUILD: file })).toEqual({ kind: 'absent', reason: 'the build is damaged' });
  });

  it('a file that is not there says so', () => {
    const outcome = enginesIn({ SETTLE_NATIVE_BUILD: path.join(folder, 'nowhere.node') });
    expect(outcome).toEqual({ kind: 'absent', reason: expect.stringMatching(/\S/) });
  });

  it('what is no addon of ours says what it lacks', async () => {
    const file = await build('foreign.cjs', 'module.exports = { describe() {}, run: 1 };');
    const outcome = loadAddon({ SETTLE_NATIVE_BUILD: file });
    expect(outcome).toEqual({ kind: 'absent', reason: 'the build lacks open, run, close, peak' });
  });

  it.each([
    ['another version', 'return { version: -1 };', /^the build is of version -1, this is \d+$/],
    ['no description', 'return undefined;', /\S/],
    ['a processor that is too old', "throw new Error('needs AVX2');", /^needs AVX2$/],
  ])('an addon with %s says so', async (name, description, reason) => {
    const members = 'open() {}, run() {}, close() {}, peak() {}';
    const file = await build(`${name}.cjs`, `module.exports = { describe() { ${description} }, ${members} };`);
    expect(loadAddon({ SETTLE_NATIVE_BUILD: file })).toEqual({
      kind: 'absent',
      reason: expect.stringMatching(reason),
    });
  });

  it('is not tried where it is turned off', async () => {
    const file = await build('loaded.cjs', 'globalThis.settleTestLoaded = true;');
    const outcome = enginesIn({ SETTLE_NATIVE: 'off', SETTLE_NATIVE_BUILD: file });
    expect(outcome).toEqual({ kind: 'absent', reason: 'SETTLE_NATIVE is off' });
    expect(createRequire(import.meta.url).cache[file]).toBeUndefined();
  });
});

describe('an engine', () => {
  it('hands over the whole arena, and is closed once', async () => {
    const file = await build(
      'recording.cjs',
      `const calls = [];
       module.exports = {
         describe: () => ({ version: ${ENGINE_VERSION}, instructions: 'neon', amx: true }),
         open: (...given) => { calls.push(['open', ...given]); return calls; },
         run: (handle, pointer) => { handle.push(['run', pointer]); },
         close: (handle) => { handle.push(['close']); },
         peak: () => 0,
       };`,
    );
    const found = enginesIn({ SETTLE_NATIVE_BUILD: file });
    if (found.kind === 'absent') throw new Error(found.reason);
    expect(found.instructions).toBe('neon amx');
    expect(found.engines.map(({ name, elementType }) => [name, elementType])).toEqual([
      ['native', 'float32'],
      ['native-float64', 'float64'],
    ]);
    const memory = createArenaMemory(1_000);
    const open = found.engines[1]?.open(openArena(memory), { count: 3 });
    open?.run(4_096);
    open?.close();
    open?.close();
    expect(() => open?.run(4_096)).toThrow(RangeError);
    // The same handle that `open` gave: the addon's own list.
    const probe: unknown = createRequire(import.meta.url)(file);
    const calls: unknown = Reflect.apply(Reflect.get(Object(probe), 'open'), undefined, []);
    expect(calls).toEqual([['open', new Uint8Array(memory.buffer), 64, 3], ['run', 4_096], ['close'], ['open']]);
  });
});
