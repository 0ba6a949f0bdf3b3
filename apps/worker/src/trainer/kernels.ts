/** Which kernel set computes a job? The fastest that lacks nothing its method asks for. */
import { chooseKernels, type KernelSet, type Method, referenceKernels, wasmKernels } from '@settle/core';

/** In order of preference; the last one has every feature. */
const KERNEL_SETS: readonly KernelSet[] = [wasmKernels, referenceKernels];

/** What this worker computes with where it can. */
export const preferredKernels: KernelSet = wasmKernels;

export function kernelsFor(method: Method): KernelSet {
  return chooseKernels(method, KERNEL_SETS);
}
