/**
 * Samples as lists of what is not zero in them: four fifths of the pixels of handwritten digits need no arithmetic.
 *
 * Made once per data set, on shared memory, so that every thread that trains on it reads the same lists.
 */
import type { NetworkKernels } from '../kernels/kernel-set.ts';
import type { Dataset, ListedSamples } from './dataset.ts';
import { BYTE_VALUES } from './normalization.ts';
import type { Presentation } from './presentation.ts';

/** With fewer zeros a list takes longer to read than the zeros that it leaves out. */
const LEAST_SHARE_OF_ZEROS = 0.5;
const MOST_SHORT_INDICES = 65_536;

/** Undefined where lists do not pay. */
export function listSamples({ inputs, sampleCount, featureCount }: Dataset): ListedSamples | undefined {
  let entries = 0;
  for (let i = 0; i < inputs.length; i++) if (inputs[i] !== 0) entries++;
  if (entries >= inputs.length * (1 - LEAST_SHARE_OF_ZEROS)) return undefined;
  const offsets = new Uint32Array(new SharedArrayBuffer(4 * (sampleCount + 1)));
  const indices =
    featureCount <= MOST_SHORT_INDICES
      ? new Uint16Array(new SharedArrayBuffer(2 * entries))
      : new Uint32Array(new SharedArrayBuffer(4 * entries));
  const bytes = new Uint8Array(new SharedArrayBuffer(entries));
  let at = 0;
  for (let sample = 0; sample < sampleCount; sample++) {
    const first = sample * featureCount;
    for (let i = 0; i < featureCount; i++) {
      const byte = inputs[first + i];
      if (byte === 0) continue;
      indices[at] = i;
      bytes[at++] = byte;
    }
    offsets[sample + 1] = at;
  }
  return { offsets, indices, bytes };
}

/** The same data set with lists where they pay. */
export function withLists(dataset: Dataset): Dataset {
  const listed = listSamples(dataset);
  return listed === undefined ? dataset : { ...dataset, listed };
}

/** What lists take of memory. */
export function listedBytes({ offsets, indices, bytes }: ListedSamples): number {
  return offsets.byteLength + indices.byteLength + bytes.byteLength;
}

/** Lists of the samples from number `first` on, on the same memory. */
export function listsFrom({ offsets, indices, bytes }: ListedSamples, first: number): ListedSamples {
  return { offsets: offsets.subarray(first), indices, bytes };
}

/**
 * What each byte becomes where samples may be shown by their lists: one table for all channels, 0 for the byte 0, no moves.
 * Undefined where they may not. Layers that learn by goodness are shown labels among their inputs, which takes rows.
 */
export function levelsOfLists(
  { network }: NetworkKernels,
  { inputScale }: Dataset,
  presentation: Presentation | undefined,
): Float64Array | undefined {
  if (network.dynamics.kind === 'goodness') return undefined;
  if (presentation === undefined) return scaledBytes(inputScale);
  const { levels, moves } = presentation;
  return moves === undefined && levels.length === BYTE_VALUES && levels[0] === 0 ? levels : undefined;
}

/** By input scale, of which there are as many as formats of data sets. */
const tables = new Map<number, Float64Array>();

function scaledBytes(inputScale: number): Float64Array | undefined {
  // 0 · ∞ is not 0.
  if (!Number.isFinite(inputScale)) return undefined;
  let table = tables.get(inputScale);
  if (table === undefined) {
    table = Float64Array.from({ length: BYTE_VALUES }, (_, byte) => byte * inputScale);
    tables.set(inputScale, table);
  }
  return table;
}

let ownOrder = new Uint32Array(0);

/** 0, 1, 2, … for at least `length` samples in their own order; the same array again and again. */
export function orderOfItsOwn(length: number): Uint32Array {
  if (ownOrder.length < length) ownOrder = Uint32Array.from({ length }, (_, sample) => sample);
  return ownOrder;
}
