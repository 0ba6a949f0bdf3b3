/** The kernel sets that this machine has, for tests of what all of them owe; the reference comes first. */
import { compiledKernels } from '../compiled/compiled-kernels.ts';
import type { KernelSet } from '../kernel-set.ts';
import { referenceKernels } from '../reference/reference-kernels.ts';
import { wasmKernels } from '../wasm/wasm-kernels.ts';
import { ENGINES } from './every-engine.ts';

/** Sets that bring threads of their own; those of others are tested where their threads are. */
export const SETS_WITH_LANES: readonly KernelSet[] = ENGINES.filter(({ name }) => name !== 'wasm').map((engine) =>
  compiledKernels(engine),
);

export const KERNEL_SETS: readonly KernelSet[] = [referenceKernels, wasmKernels, ...SETS_WITH_LANES];
