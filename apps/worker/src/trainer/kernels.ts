/**
 * Which kernel set computes a job? Of those that keep to what the job asks of precision and determinism, the fastest that
 * lacks nothing its method asks for; of a training that goes on, the set that it began with, for another gives other bits.
 */
import type { JobSpec } from '@settle/contracts';
import {
  chooseKernels,
  decodeCheckpoint,
  type KernelSet,
  type KernelSetName,
  type Method,
  referenceKernels,
  wasmKernels,
} from '@settle/core';
import { nativeKernelSets } from '@settle/native';

export type KernelWishes = Pick<JobSpec, 'precision' | 'determinism'>;

/** In order of preference; the last one has every feature and gives the same bits everywhere, in float64. */
const PREFERENCES = {
  float32: { fast: ['native', 'wasm', 'reference'], portable: ['wasm', 'reference'] },
  float64: { fast: ['native-float64', 'reference'], portable: ['reference'] },
} as const satisfies Record<
  KernelWishes['precision'],
  Record<KernelWishes['determinism'], readonly [...KernelSetName[], 'reference']>
>;

const native = nativeKernelSets();

/** What this worker has. */
const OWN_SETS: readonly KernelSet[] = [
  ...(native.kind === 'present' ? native.sets : []),
  wasmKernels,
  referenceKernels,
];

/** The names of all that this worker has, fastest first, for its log; and why there are no native ones, if so. */
export const availableKernels: { readonly names: readonly string[]; readonly nativeAbsent: string | undefined } = {
  names: OWN_SETS.map(({ name }) => kernelsRecord(name, 1)),
  nativeAbsent: native.kind === 'absent' ? native.reason : undefined,
};

/** What this worker computes with where it can, as records have it. */
export const preferredKernels: string = availableKernels.names[0] ?? referenceKernels.name;

/**
 * Throws, with the reason, on a checkpoint that is none, and on a method that no set can run. `own`: the sets to choose
 * among, the reference kernels one of them.
 */
export function kernelsFor(
  method: Method,
  { precision, determinism }: KernelWishes,
  resumeFrom: Uint8Array | undefined,
  own: readonly KernelSet[] = OWN_SETS,
): KernelSet {
  const preferred = PREFERENCES[precision][determinism].flatMap((name) => own.filter((set) => set.name === name));
  if (resumeFrom === undefined) return chooseKernels(method, preferred);
  const { kernelSet } = decodeCheckpoint(resumeFrom);
  const { network } = method.model;
  const same = own.find(({ name }) => name === kernelSet);
  const isAble = same !== undefined && same.missing(network, method.estimator.needs.kernels).length === 0;
  // Core refuses to go on with any other, and says so.
  return isAble ? same : chooseKernels(method, preferred);
}

/** The set that the supervisor chose. */
export function kernelsNamed(name: string): KernelSet {
  const found = OWN_SETS.find((set) => set.name === name);
  if (found === undefined) throw new RangeError(`this worker has no kernel set ${name}`);
  return found;
}

/** Whether a set shares its work among lanes at all. */
export function sharesWork(name: KernelSetName): boolean {
  return name !== 'reference';
}

/** What computed a job, for its records: `wasm`, `native avx512, 2 lanes`. */
export function kernelsRecord(name: KernelSetName, lanes: number): string {
  const instructions = native.kind === 'present' && name.startsWith('native') ? ` ${native.instructions}` : '';
  return `${name}${instructions}${lanes > 1 ? `, ${lanes} lanes` : ''}`;
}
