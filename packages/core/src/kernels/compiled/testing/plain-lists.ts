/** What operations on lists of non-zero entries compute. */
import * as word from '../words.ts';
import type { Grid, Operands } from './operands.ts';
import { eachEntry } from './plain-dense.ts';
import type { RowOperation, RowRange } from './plain-operation.ts';

export const LIST_OPERATIONS: readonly (readonly [number, RowOperation])[] = [
  [word.LIST_SAMPLES, listSamples],
  [word.LIST_COLUMNS, listColumns],
  [word.SPARSE_PRODUCT, sparseProduct],
  [word.SPARSE_OUTER, sparseOuter],
];

/** `count` has one column, the others one per entry of the list. */
interface Lists {
  readonly count: Grid;
  readonly index: Grid;
  readonly value: Grid;
}

function listsOf(operands: Operands): Lists {
  const stride = operands.word(word.C_STRIDE);
  return {
    count: operands.integers(word.B, 1),
    index: operands.integers(word.INDEX, stride),
    value: operands.rowsApart(word.C, stride),
  };
}

function append({ count, index, value }: Lists, row: number, at: number, entry: number): void {
  const length = count.get(row, 0);
  index.set(row, length, at);
  value.set(row, length, entry);
  count.set(row, 0, length + 1);
}

function listSamples(operands: Operands, { first, end }: RowRange): void {
  const a = operands.rows(word.A);
  const lists = listsOf(operands);
  for (let r = first; r < end; r++) {
    lists.count.set(r, 0, 0);
    for (let c = 0; c < operands.word(word.COLUMNS); c++) {
      // NaN is not 0; −0 is.
      if (a.get(r, c) !== 0) append(lists, r, c, a.get(r, c));
    }
  }
}

function listColumns(operands: Operands, { first, end }: RowRange): void {
  const columns = operands.word(word.COLUMNS);
  const { count, index, value } = listsOf(operands);
  const stride = operands.word(word.D_STRIDE);
  const byColumn: Lists = {
    count: operands.integers(word.D, 1),
    index: operands.integers(word.WEIGHTS, stride),
    value: operands.rowsApart(word.OUT, stride),
  };
  for (let c = 0; c < columns; c++) byColumn.count.set(c, 0, 0);
  for (let r = first; r < end; r++) {
    for (let e = 0; e < count.get(r, 0); e++) append(byColumn, index.get(r, e), r, value.get(r, e));
  }
}

function sparseProduct(operands: Operands, range: RowRange): void {
  const { count, index, value } = listsOf(operands);
  const weights = operands.panels(word.WEIGHTS, operands.word(word.DEPTH));
  const init = operands.rowsOrZeros(word.INIT);
  eachEntry(operands, range, operands.word(word.COLUMNS), (r, c) => {
    let sum = init.get(r, c);
    for (let e = 0; e < count.get(r, 0); e++) sum += value.get(r, e) * weights.get(index.get(r, e), c);
    return sum;
  });
}

function sparseOuter(operands: Operands): void {
  const depth = operands.word(word.DEPTH);
  const { count, index, value } = listsOf(operands);
  const a = operands.rows(word.A);
  const weights = operands.panels(word.WEIGHTS, depth);
  for (let m = 0; m < depth; m++) {
    for (let c = 0; c < operands.word(word.COLUMNS); c++) {
      let sum = 0;
      for (let e = 0; e < count.get(m, 0); e++) sum += value.get(m, e) * a.get(index.get(m, e), c);
      weights.set(m, c, weights.get(m, c) + sum);
    }
  }
}
