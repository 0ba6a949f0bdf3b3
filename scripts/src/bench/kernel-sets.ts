/** Which kernels can be measured on this machine, with how many lanes, and against which peak? */
import { Worker } from 'node:worker_threads';
import {
  type Engine,
  type KernelSet,
  type LaneService,
  type Lanes,
  ONE_LANE,
  referenceKernels,
  wasmEngine,
  wasmKernels,
} from '@settle/core';
import { nativeEngines, nativeKernelSets } from '@settle/native';

/** Those that there are, built here or not. */
export const KNOWN_KERNELS = ['native', 'native-float64', 'wasm', 'reference'] as const;

/** The fastest first. */
export function kernelSetsHere(): readonly [KernelSet, ...KernelSet[]] {
  const native = nativeKernelSets();
  const portable: readonly [KernelSet, ...KernelSet[]] = [wasmKernels, referenceKernels];
  const [first, ...others] = native.kind === 'present' ? native.sets : [];
  return first === undefined ? portable : [first, ...others, ...portable];
}

/** The same of what runs single operations. */
export function enginesHere(): readonly [Engine, ...Engine[]] {
  const native = nativeEngines();
  const [first, ...others] = native.kind === 'present' ? native.engines : [];
  return first === undefined ? [wasmEngine] : [first, ...others, wasmEngine];
}

/** What native kernels compute with; undefined where they are not built. */
export function nativeInstructions(): string | undefined {
  const native = nativeKernelSets();
  return native.kind === 'present' ? native.instructions : undefined;
}

/** Lanes in threads of this process, for sets that bring none of their own. */
export function lanesOf(count: number): Lanes {
  if (count === 1) return ONE_LANE;
  return {
    count,
    start(service: LaneService) {
      // It ends by itself when the kernels are released, and does not keep the process alive.
      new Worker(new URL('./lane-thread.js', import.meta.url), { workerData: service }).unref();
    },
  };
}

const PEAK_MS = 500;

/**
 * Float32 multiply-adds per second of this many cores in registers, 2 flops each, measured now by the widest instructions that
 * the native kernels have; undefined where
 * they are not built or cannot. Every kernel set is judged by it, for it is the machine's.
 */
export function peakFlops(lanes: number): number | undefined {
  const native = nativeEngines();
  return native.kind === 'present' ? native.peak(lanes, PEAK_MS) : undefined;
}
