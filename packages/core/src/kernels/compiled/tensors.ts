/** Tensors of an engine's element type in the arena. */
import type { Allocator } from '../../tensor/arena.ts';
import type { Values } from '../kernel-set.ts';
import type { Rows } from './operation.ts';

export type ElementType = 'float32' | 'float64';

export interface Tensor {
  /** Byte address. */
  readonly pointer: number;
  /** Empty in a dry run. */
  readonly values: Values;
}

/** Samples by entries of a layer. */
export interface RowTensor extends Tensor, Rows {}

export interface TensorAllocator {
  readonly elementBytes: number;
  vector(length: number): Tensor;
  /** Rows for every sample of a batch. */
  rows(stride: number): RowTensor;
  /** int32. */
  table(length: number): IntegerTable;
}

export interface IntegerTable {
  readonly pointer: number;
  readonly values: Int32Array;
}

/** `rows`: samples that row tensors have room for. */
export function tensorAllocator(allocator: Allocator, elementType: ElementType, rows: number): TensorAllocator {
  const vector = (length: number) =>
    elementType === 'float32' ? allocator.float32(length) : allocator.float64(length);
  return {
    elementBytes: elementType === 'float32' ? 4 : 8,
    vector,
    rows: (stride) => ({ ...vector(rows * stride), stride }),
    table: (length) => allocator.int32(length),
  };
}

/** One row for all samples. */
export function sharedRow({ pointer }: Tensor): Rows {
  return { pointer, stride: 0 };
}
