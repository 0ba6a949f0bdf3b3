/** What an operation is to the plain engine: a function on a range of rows. */
import type { Operands } from './operands.ts';

/** Rows from `first` to before `end`. */
export interface RowRange {
  readonly first: number;
  readonly end: number;
}

/** What an operation does to a range of rows. */
export type RowOperation = (operands: Operands, range: RowRange) => void;

/** What an update has to say of the states it has moved. */
export interface Movement {
  /** Largest |new − old|; NaN where any is NaN. */
  readonly change: number;
  /** Whether all new states are. */
  readonly finite: boolean;
}

export type UpdateOperation = (operands: Operands, range: RowRange) => Movement;
