/** The native kernel sets of this machine, for those who choose among sets. */
import { compiledKernels, type KernelSet } from '@settle/core';
import { nativeEngines } from './engines.ts';

export type NativeKernelSets =
  | {
      readonly kind: 'present';
      /** `native` and `native-float64`. */
      readonly sets: readonly KernelSet[];
      /** What they compute with on this machine: `avx512`, `avx512 amx`, `avx2`, … */
      readonly instructions: string;
    }
  | { readonly kind: 'absent'; readonly reason: string };

let made: NativeKernelSets | undefined;

/** Made once a thread, as the engines are. */
export function nativeKernelSets(): NativeKernelSets {
  made ??= setsOf(nativeEngines());
  return made;
}

function setsOf(native: ReturnType<typeof nativeEngines>): NativeKernelSets {
  if (native.kind === 'absent') return native;
  return {
    kind: 'present',
    sets: native.engines.map((engine) => compiledKernels(engine)),
    instructions: native.instructions,
  };
}
