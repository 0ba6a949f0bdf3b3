/** The WebAssembly kernel set: float32, 128-bit SIMD, the same bits on every machine. */
import { compiledKernels } from '../compiled/compiled-kernels.ts';
import type { KernelSet } from '../kernel-set.ts';
import { layOutLanes } from './lanes.ts';
import { wasmEngine } from './wasm-engine.ts';

export const wasmKernels: KernelSet = compiledKernels(wasmEngine, { reserve: layOutLanes });
