/**
 * AVX-512 and AVX2 give the same bits: a training that began on one machine goes on, exactly, on another. Each runs in a process of
 * its own, because the instructions are chosen when the library is loaded.
 */
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { nativeEngines } from './engines.ts';

const native = nativeEngines();
const hasTwo = native.kind === 'present' && native.instructions.startsWith('avx512');
const PROGRAM = fileURLToPath(new URL('./testing/train-briefly.mjs', import.meta.url));

/** What a short training on these instructions ends with. */
function trained(instructions: string, elementType: string): { readonly instructions: string; readonly hash: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, elementType], {
    encoding: 'utf8',
    env: { ...process.env, SETTLE_NATIVE_INSTRUCTIONS: instructions },
  });
  if (status !== 0) throw new Error(stderr);
  const answer: unknown = JSON.parse(stdout);
  const text = (name: string) => String(Object.getOwnPropertyDescriptor(answer, name)?.value);
  return { instructions: text('instructions'), hash: text('hash') };
}

describe.skipIf(!hasTwo)('instruction sets', () => {
  it.each(['float32', 'float64'])('change no bit of a training in %s', (elementType) => {
    const wide = trained('', elementType);
    const narrow = trained('avx2', elementType);
    expect([wide.instructions, narrow.instructions]).toEqual(['avx512', 'avx2']);
    expect(narrow.hash).toBe(wide.hash);
  });
});
