/** A single operation in a shape that a standard workload has, and what it gets done. */
import type { operation } from '@settle/core';
import type { Tensors } from './tensors.ts';

type Operation = operation.Operation;

/** What a step of the operation does, by which its speed is told. */
export type Amount =
  | { readonly unit: 'GFLOP/s'; readonly flops: number }
  /** Entries read and written. */
  | { readonly unit: 'GB/s'; readonly entries: number }
  | { readonly unit: 'ns/entry'; readonly entries: number };

export interface OperationCase {
  readonly operation: string;
  readonly shape: string;
  readonly rows: number;
  /** `rows`: lanes take blocks of so many rows; `columns`: all lanes share the operation. */
  readonly split: { readonly over: 'rows'; readonly blockRows: number } | { readonly over: 'columns' };
  readonly amount: Amount;
  lay(tensors: Tensors): {
    /** Run once, before the steps. */
    readonly before: readonly Operation[];
    readonly step: Operation;
  };
}

/** Operations on states stay within a sample: a block of rows stays in the first-level cache. */
export const BY_BLOCKS = { over: 'rows', blockRows: 8 } as const;
export const TOGETHER = { over: 'columns' } as const;
