/**
 * Finds and loads the library that set-up built. It may be missing, half written, of another machine or another version:
 * each is an answer with a reason, and nothing of it ends the process.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ENGINE_VERSION } from '@settle/core';

/** What the addon says of itself. */
export interface AddonDescription {
  /** ENGINE_VERSION of the sources that it was built from. */
  readonly version: number;
  /** The widest that it has and this processor knows. */
  readonly instructions: 'avx512' | 'avx2' | 'neon' | 'none';
  /** Whether it multiplies matrices with AMX tiles here. */
  readonly amx: boolean;
}

/** An arena with lanes, on the addon's side of the border. */
export type AddonHandle = object;

export interface Addon {
  readonly description: AddonDescription;
  /** `arena`: all of its bytes, which stay where they are as long as the handle is open. `elementBits`: 32 or 64. */
  open(arena: Uint8Array, elementBits: number, lanes: number): AddonHandle;
  run(handle: AddonHandle, pointer: number): void;
  close(handle: AddonHandle): void;
  /** Float32 operations per second of multiply-adds in registers, in so many threads, measured for so many milliseconds. */
  peak(lanes: number, milliseconds: number): number;
}

export type LoadedAddon =
  | { readonly kind: 'present'; readonly addon: Addon }
  | { readonly kind: 'absent'; readonly reason: string };

/** What decides about loading; both may be absent. */
export interface NativeEnvironment {
  /** `off`: as if nothing had been built. */
  readonly SETTLE_NATIVE?: string | undefined;
  /** Another file than set-up's, with its SHA-256 beside it. */
  readonly SETTLE_NATIVE_BUILD?: string | undefined;
}

/** Where scripts/native-build.mjs leaves the library, or the reason why there is none. */
const BUILD = new URL('../build/', import.meta.url);

export function loadAddon(environment: NativeEnvironment = process.env): LoadedAddon {
  if (environment.SETTLE_NATIVE === 'off') return absent('SETTLE_NATIVE is off');
  const file = environment.SETTLE_NATIVE_BUILD || fileURLToPath(new URL('settle-kernels.node', BUILD));
  const bytes = readIfThere(file);
  if (bytes === undefined) return absent(readIfThere(new URL('absent.txt', BUILD))?.toString() ?? 'not built');
  // A library that is cut short loads well and kills the process when it is used.
  const expected = readIfThere(`${file}.sha256`)?.toString().trim();
  if (createHash('sha256').update(bytes).digest('hex') !== expected) return absent('the build is damaged');
  try {
    return checked(createRequire(import.meta.url)(file));
  } catch (error) {
    return absent(firstLine(error instanceof Error ? error.message : String(error)));
  }
}

/** The parser of this border. */
function checked(loaded: unknown): LoadedAddon {
  const missing = ['describe', 'open', 'run', 'close', 'peak'].filter(
    (name) => typeof memberOf(loaded, name) !== 'function',
  );
  if (missing.length > 0) return absent(`the build lacks ${missing.join(', ')}`);
  const addon = loaded as Omit<Addon, 'description'> & { describe(): AddonDescription };
  const description = addon.describe();
  if (description.version !== ENGINE_VERSION) {
    return absent(`the build is of version ${description.version}, this is ${ENGINE_VERSION}`);
  }
  return {
    kind: 'present',
    addon: {
      description,
      open: (arena, elementBits, lanes) => addon.open(arena, elementBits, lanes),
      run: (handle, pointer) => addon.run(handle, pointer),
      close: (handle) => addon.close(handle),
      peak: (lanes, milliseconds) => addon.peak(lanes, milliseconds),
    },
  };
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}

function readIfThere(file: string | URL): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function absent(reason: string): LoadedAddon {
  return { kind: 'absent', reason };
}
