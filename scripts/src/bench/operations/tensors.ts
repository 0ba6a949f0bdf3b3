/** Tensors to measure operations on, filled with numbers of an ordinary size. */
import { type Arena, type operation, type operations, randomStream, words } from '@settle/core';

type Rows = operation.Rows;
type RowLists = operations.RowLists;

export interface Tensors {
  /** Rows of `columns` entries in ±½; a share of them zero. */
  rows(count: number, columns: number, zeros?: number): Rows;
  /** Packed weights. */
  panels(depth: number, columns: number): number;
  /** One number per column. */
  vector(columns: number, value: number): number;
  table(values: readonly number[]): number;
  lists(count: number, stride: number): RowLists;
}

const DRAWN = 4_096;

export function tensorsIn(arena: Arena, elementType: 'float32' | 'float64'): Tensors {
  const stream = randomStream(1, 'bench');
  const drawn = Float64Array.from({ length: DRAWN }, (_, k) => stream.uniform(k) - 0.5);
  const chosen = Float64Array.from({ length: DRAWN }, (_, k) => stream.uniform(DRAWN + k));
  const take = (length: number) => (elementType === 'float32' ? arena.float32(length) : arena.float64(length));
  const fill = (length: number, zeros: number): number => {
    const { pointer, values } = take(length);
    // The second period is odd, so that zeros fall on other numbers each time.
    for (let i = 0; i < length; i++) {
      values[i] = (chosen[i % (DRAWN - 1)] ?? 0) < zeros ? 0 : (drawn[i % DRAWN] ?? 0);
    }
    return pointer;
  };
  return {
    rows: (count, columns, zeros = 0) => {
      const stride = grains(columns);
      return { pointer: fill(grains(count) * stride, zeros), stride };
    },
    panels: (depth, columns) => fill(Math.ceil(columns / words.PANEL) * words.PANEL * depth, 0),
    vector(columns, value) {
      const { pointer, values } = take(grains(columns));
      values.fill(value);
      return pointer;
    },
    table(entries) {
      const { pointer, values } = arena.int32(entries.length);
      values.set(entries);
      return pointer;
    },
    lists: (count, stride) => ({
      count: arena.int32(grains(count)).pointer,
      index: arena.int32(grains(count) * grains(stride)).pointer,
      value: take(grains(count) * grains(stride)).pointer,
      stride: grains(stride),
    }),
  };
}

const grains = (length: number): number => Math.ceil(length / words.GRAIN) * words.GRAIN;
