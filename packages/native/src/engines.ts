/** The native engines: the addon of ./load-addon.ts behind the contract that compiled kernels run on. */
import process from 'node:process';
import type { Engine } from '@settle/core';
import { type Addon, loadAddon, type NativeEnvironment } from './load-addon.ts';

export type NativeEngines =
  | {
      readonly kind: 'present';
      /** One for float32 and one for float64. */
      readonly engines: readonly Engine[];
      /** What they compute with on this machine, for records and logs: `avx512`, `avx512 amx`, `avx2`, … */
      readonly instructions: string;
      /** Float32 operations per second that multiply-adds in registers of so many cores reach, measured for so long. */
      peak(lanes: number, milliseconds: number): number;
    }
  | { readonly kind: 'absent'; readonly reason: string };

let loaded: NativeEngines | undefined;

/** Loaded once a thread: library and environment are constant, so keeping it is caching, not state. */
export function nativeEngines(): NativeEngines {
  loaded ??= enginesIn(process.env);
  return loaded;
}

/** The same, of any environment, and loaded anew. */
export function enginesIn(environment: NativeEnvironment): NativeEngines {
  const outcome = loadAddon(environment);
  if (outcome.kind === 'absent') return outcome;
  const { addon } = outcome;
  const { instructions, amx } = addon.description;
  return {
    kind: 'present',
    engines: [engineOf(addon, 'native', 'float32'), engineOf(addon, 'native-float64', 'float64')],
    instructions: amx ? `${instructions} amx` : instructions,
    peak: (lanes, milliseconds) => addon.peak(lanes, milliseconds),
  };
}

function engineOf(addon: Addon, name: Engine['name'], elementType: Engine['elementType']): Engine {
  return {
    name,
    elementType,
    open(arena, { count }) {
      // Held by what is returned, so that the memory outlives the handle.
      const bytes = new Uint8Array(arena.memory.buffer);
      const handle = addon.open(bytes, elementType === 'float32' ? 32 : 64, count);
      let open = true;
      return {
        run(pointer) {
          if (!open) throw new RangeError(`these kernels of ${bytes.byteLength} bytes were released`);
          addon.run(handle, pointer);
        },
        close() {
          if (open) addon.close(handle);
          open = false;
        },
      };
    },
  };
}
