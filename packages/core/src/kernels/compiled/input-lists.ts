/** What is not zero in the inputs of a batch, by sample and by input unit. */
import type { ListedInputs, Values, Workspace } from '../kernel-set.ts';
import type { ConnectionLayout } from './connection-layout.ts';
import type { RowLists } from './operations.ts';
import { type LayerPlace, roundedUp } from './places.ts';
import type { IntegerTable, Tensor, TensorAllocator } from './tensors.ts';
import { GRAIN } from './words.ts';

export interface InputLists {
  readonly bySample: Lists;
  readonly byColumn: Lists;
}

interface Lists {
  readonly counts: IntegerTable;
  readonly indices: IntegerTable;
  readonly entries: Tensor;
  readonly stride: number;
}

/** Whether products with a connection's weights can take lists: one from the input by panels of the units above. */
export function takesLists({ from, weights: { storage } }: ConnectionLayout): boolean {
  return from === 0 && storage.kind === 'panels' && storage.arrangement === 'by-above';
}

/** Room for every entry of a batch; none where no connection takes lists. */
export function layOutLists(
  connections: readonly ConnectionLayout[],
  input: LayerPlace,
  { batchCapacity }: Workspace,
  tensors: TensorAllocator,
): InputLists | undefined {
  if (!connections.some(takesLists)) return undefined;
  const lists = (rows: number, stride: number): Lists => ({
    counts: tensors.table(rows),
    indices: tensors.table(rows * stride),
    entries: tensors.vector(rows * stride),
    stride,
  });
  const samples = roundedUp(batchCapacity, GRAIN);
  return { bySample: lists(samples, input.stride), byColumn: lists(input.units, samples) };
}

/** As operations take them. */
export function rowLists({ counts, indices, entries, stride }: Lists): RowLists {
  return { count: counts.pointer, index: indices.pointer, value: entries.pointer, stride };
}

/** Entries listed of the first samples. */
export function countEntries({ bySample: { counts } }: InputLists, samples: number): number {
  let sum = 0;
  for (let row = 0; row < samples; row++) sum += counts.values[row];
  return sum;
}

/** Copies lists of a data set into those of the batch. Runs for every batch: no property is read in the inner loop. */
export function takeLists({ bySample }: InputLists, listed: ListedInputs, samples: number): void {
  const { offsets, indices, bytes, levels, order, first } = listed;
  const { stride } = bySample;
  const counts = bySample.counts.values;
  const takenIndices = bySample.indices.values;
  const takenEntries = bySample.entries.values;
  for (let row = 0; row < samples; row++) {
    const sample = order[first + row];
    const start = row * stride;
    const end = offsets[sample + 1];
    let at = start;
    for (let e = offsets[sample]; e < end; e++) {
      const value = levels[bytes[e]];
      takenIndices[at] = indices[e];
      takenEntries[at] = value;
      // A byte may be worth nothing; lists of rows would not have it.
      if (value !== 0) at++;
    }
    counts[row] = at - start;
  }
}

/** Shows listed samples as rows of inputs, for connections that do not take lists. */
export function showListed(inputs: Values, inputUnits: number, listed: ListedInputs, samples: number): void {
  const { offsets, indices, bytes, levels, order, first } = listed;
  inputs.fill(0, 0, samples * inputUnits);
  for (let row = 0; row < samples; row++) {
    const sample = order[first + row];
    for (let e = offsets[sample]; e < offsets[sample + 1]; e++)
      inputs[row * inputUnits + indices[e]] = levels[bytes[e]];
  }
}
