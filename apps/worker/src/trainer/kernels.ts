/**
 * Which kernel set computes a job? The fastest that lacks nothing its method asks for; of a training that goes on, the set
 * that it began with, for another gives other bits.
 */
import {
  chooseKernels,
  decodeCheckpoint,
  type KernelSet,
  type Method,
  referenceKernels,
  wasmKernels,
} from '@settle/core';

/** In order of preference; the last one has every feature. */
const KERNEL_SETS: readonly KernelSet[] = [wasmKernels, referenceKernels];

/** What this worker computes with where it can. */
export const preferredKernels: KernelSet = wasmKernels;

/** Throws, with the reason, on a checkpoint that is none, and on a method that no set can run. */
export function kernelsFor(method: Method, resumeFrom: Uint8Array | undefined): KernelSet {
  if (resumeFrom === undefined) return chooseKernels(method, KERNEL_SETS);
  const { kernelSet } = decodeCheckpoint(resumeFrom);
  const { network } = method.model;
  const same = KERNEL_SETS.find(({ name }) => name === kernelSet);
  const isAble = same !== undefined && same.missing(network, method.estimator.needs.kernels).length === 0;
  // Core refuses to go on with any other, and says so.
  return isAble ? same : chooseKernels(method, KERNEL_SETS);
}

/** The set that the supervisor chose. */
export function kernelsNamed(name: string): KernelSet {
  const found = KERNEL_SETS.find((set) => set.name === name);
  if (found === undefined) throw new RangeError(`this worker has no kernel set ${name}`);
  return found;
}
