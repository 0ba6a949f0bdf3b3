/**
 * The step of set-up that compiles native kernels, on a small tree of its own: what it builds loads, it builds again when
 * something has changed and only then, and where it cannot build it says so in one line and goes on.
 */
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createArenaMemory, openArena } from '@settle/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { enginesIn } from '../../packages/native/src/engines.ts';

const project = fileURLToPath(new URL('../../', import.meta.url));
const WORDS = 'packages/core/src/kernels/compiled/words.ts';
const SOURCES = 'packages/core/src/kernels/native/cpp';
const BUILD = 'packages/native/build/settle-kernels.node';

interface Step {
  readonly root: string;
  readonly stamp: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  note(line: string): void;
}
interface NativeBuild {
  ensureNative(step: Step): Promise<void>;
  findToolchain(): { readonly kind: 'found' | 'none' };
  wordsHeader(words: string): string;
}
// JavaScript, because it runs before anything is installed; loaded by path, because it has no types. Its parser is this test.
const nativeBuild = (await import(pathToFileURL(path.join(project, 'scripts/native-build.mjs')).href)) as NativeBuild;
const hasCompiler = nativeBuild.findToolchain().kind === 'found';

/** Writes a number that every engine knows where a run has its answer. */
const ENGINE = `
#include <cstdint>
#include "words.hpp"
#define JOIN(a, b) a##b
#define NAMED(isa) JOIN(answer_, isa)
std::int32_t NAMED(SETTLE_ISA)() { return STATUS; }
`;
const ADDON = `
#include <node_api.h>
#include <cstdint>
#include "words.hpp"
std::int32_t NAME_OF_ENGINE();
namespace {
napi_value describe(napi_env env, napi_callback_info) {
  napi_value description, value;
  napi_create_object(env, &description);
  napi_create_int32(env, ENGINE_VERSION, &value);
  napi_set_named_property(env, description, "version", value);
  napi_create_string_utf8(env, "avx2", NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, description, "instructions", value);
  napi_get_boolean(env, false, &value);
  napi_set_named_property(env, description, "amx", value);
  return description;
}
napi_value open(napi_env env, napi_callback_info info) {
  std::size_t count = 1;
  napi_value array, handle;
  void* data = nullptr;
  napi_get_cb_info(env, info, &count, &array, nullptr, nullptr);
  napi_get_typedarray_info(env, array, nullptr, nullptr, &data, nullptr, nullptr);
  napi_create_external(env, data, nullptr, nullptr, &handle);
  return handle;
}
napi_value run(napi_env env, napi_callback_info info) {
  std::size_t count = 2;
  napi_value given[2];
  void* memory = nullptr;
  std::int32_t pointer = 0;
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  napi_get_value_external(env, given[0], &memory);
  napi_get_value_int32(env, given[1], &pointer);
  auto words = reinterpret_cast<std::int32_t*>(static_cast<std::uint8_t*>(memory) + pointer);
  words[STATUS] = NAME_OF_ENGINE();
  return nullptr;
}
napi_value close(napi_env, napi_callback_info) { return nullptr; }
napi_value peak(napi_env, napi_callback_info) { return nullptr; }
}  // namespace
NAPI_MODULE_INIT() {
  const napi_property_descriptor members[] = {
    {"describe", nullptr, describe, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
    {"open", nullptr, open, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
    {"run", nullptr, run, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
    {"close", nullptr, close, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
    {"peak", nullptr, peak, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, 5, members);
  return exports;
}
`.replaceAll('NAME_OF_ENGINE', process.arch === 'arm64' ? 'answer_neon' : 'answer_avx2');

describe('the step that compiles native kernels', () => {
  let root: string;
  let said: string[];

  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'settle native step '));
    said = [];
    await mkdir(path.join(root, SOURCES), { recursive: true });
    await mkdir(path.dirname(path.join(root, WORDS)), { recursive: true });
    await cp(path.join(project, WORDS), path.join(root, WORDS));
    await source('engine.cpp', ENGINE);
    await source('addon.cpp', ADDON);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const source = (name: string, text: string) => writeFile(path.join(root, SOURCES, name), text);
  const setUp = async (environment: Step['environment'] = process.env) => {
    said = [];
    const note = (line: string) => said.push(line);
    await nativeBuild.ensureNative({ root, stamp: path.join(root, 'stamp'), environment, note });
    return said;
  };
  const builtAt = async () => (await stat(path.join(root, BUILD))).mtimeMs;
  const load = () => enginesIn({ SETTLE_NATIVE_BUILD: path.join(root, BUILD) });

  it.skipIf(!hasCompiler)('builds a library that loads and computes, once', async () => {
    expect(await setUp()).toEqual([expect.any(String), expect.stringMatching(/^building the native kernels: \d/)]);
    const found = load();
    if (found.kind === 'absent') throw new Error(found.reason);
    const arena = openArena(createArenaMemory(1_000));
    const { pointer, values } = arena.int32(24);
    found.engines[0]?.open(arena, { count: 1 }).run(pointer);
    expect(values[14]).toBe(14);

    const before = await builtAt();
    expect(await setUp()).toEqual([]);
    expect(await builtAt()).toBe(before);
    await source('engine.cpp', `${ENGINE}\n// changed\n`);
    expect(await setUp()).toHaveLength(2);
    expect(await builtAt()).toBeGreaterThan(before);
  });

  it.skipIf(!hasCompiler)('builds again after an engine version, and what was built before does not load', async () => {
    const words = await readFile(path.join(root, WORDS), 'utf8');
    await writeFile(path.join(root, WORDS), words.replace(/ENGINE_VERSION = \d+/, 'ENGINE_VERSION = 4711'));
    await setUp();
    expect(load()).toEqual({ kind: 'absent', reason: expect.stringMatching(/^the build is of version 4711, this is/) });
  });

  it.skipIf(!hasCompiler)('refuses a library that was cut short after it was built', async () => {
    await setUp();
    const whole = await readFile(path.join(root, BUILD));
    await writeFile(path.join(root, BUILD), whole.subarray(0, whole.length / 2));
    expect(load()).toEqual({ kind: 'absent', reason: 'the build is damaged' });
  });

  it.skipIf(!hasCompiler)('says in one line what does not compile, and leaves no library of before', async () => {
    await setUp();
    await source('addon.cpp', `${ADDON}\nthis is no C++;\n`);
    const [, line, ...more] = await setUp();
    expect(more).toEqual([]);
    expect(line).toMatch(/^no native kernels: addon[.]o: .*error.*; WebAssembly kernels will be used$/);
    expect(line).not.toContain('\n');
    await expect(stat(path.join(root, BUILD))).rejects.toThrow();
    expect(await setUp()).toEqual([]);
    await source('addon.cpp', ADDON);
    expect(await setUp()).toHaveLength(2);
    expect(load().kind).toBe('present');
  });

  it('says once that there is no compiler, keeps the reason, and looks again when there is another', async () => {
    const withoutTools = { PATH: '' };
    const reason = 'there is no C++ compiler (CXX, c++, g++ or clang++)';
    expect(await setUp(withoutTools)).toEqual([`no native kernels: ${reason}; WebAssembly kernels will be used`]);
    expect(await readFile(path.join(root, 'packages/native/build/absent.txt'), 'utf8')).toBe(reason);
    expect(await setUp(withoutTools)).toEqual([]);
    expect(await setUp({ PATH: '', CXX: '/nowhere/c++' })).toEqual([]);
    if (hasCompiler) expect(await setUp()).toHaveLength(2);
  });

  it('does nothing where native kernels are turned off', async () => {
    expect(await setUp({ ...process.env, SETTLE_NATIVE: 'off' })).toEqual([]);
    await expect(stat(path.join(root, 'packages/native'))).rejects.toThrow();
  });
});

describe('the header of words', () => {
  it('has every number of the words that TypeScript exports', async () => {
    const words: object = await import(pathToFileURL(path.join(project, WORDS)).href);
    const header = nativeBuild.wordsHeader(await readFile(path.join(project, WORDS), 'utf8'));
    const numbers = [...header.matchAll(/^constexpr int (\w+) = (-?\d+);$/gm)].map(([, name, value]) => [name, value]);
    expect(Object.fromEntries(numbers)).toEqual(
      Object.fromEntries(Object.entries(words).map(([name, value]) => [name, String(value)])),
    );
    expect(numbers.length).toBeGreaterThan(50);
  });
});
