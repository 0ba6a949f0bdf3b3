/**
 * The native engines for tests of core, which may import no other package: loaded as set-up built them, by path. Empty
 * where there are none, so that suites are the same with and without a compiler.
 */
import process from 'node:process';
import type { Engine } from '../compiled/engine.ts';

/** Set by scripts/sanitize.mjs, which tests nothing where there is nothing native. */
const isRequired = Boolean(process.env.SETTLE_NATIVE_REQUIRED);
const BUILT = new URL('../../../../native/dist/engines.js', import.meta.url);

/** `native` and `native-float64`, or nothing. */
export const nativeEngines: readonly Engine[] = await load();

async function load(): Promise<readonly Engine[]> {
  // Not yet compiled, or compiled from sources that are gone: nothing is there to be tested.
  const loaded: unknown = await import(BUILT.href).catch((error: unknown) => {
    if (isRequired) throw error;
  });
  const find = Object.entries(Object(loaded)).find(([name]) => name === 'nativeEngines')?.[1];
  if (typeof find !== 'function') return [];
  // The parser of this border: packages/native/src/engines.ts is compiled against this very interface.
  const found = find() as
    | { readonly kind: 'present'; readonly engines: readonly Engine[] }
    | { readonly kind: 'absent'; readonly reason: string };
  if (found.kind === 'present') return found.engines;
  if (isRequired) throw new Error(`no native kernels to test: ${found.reason}`);
  return [];
}
