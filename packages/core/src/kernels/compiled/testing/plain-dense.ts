/** What operations on rows and on packed weights compute, formula by formula as ../operations.ts has them. */
import * as word from '../words.ts';
import type { Operands } from './operands.ts';
import type { RowOperation, RowRange } from './plain-operation.ts';

export const DENSE_OPERATIONS: readonly (readonly [number, RowOperation])[] = [
  [word.COPY, copy],
  [word.FILL, fill],
  [word.COMBINE, combine],
  [word.PRODUCT, product],
  [word.THIN_PRODUCT, thinProduct],
  [word.OUTER, outer],
  [word.COLUMN_SUM, columnSum],
  [word.TRANSPOSE, transpose],
  [word.PACK, pack],
  [word.SCALE_COLUMNS, scaleColumns],
  // One lane waits for nobody.
  [word.BARRIER, () => {}],
];

/** Writes `entry(r, c)` into every entry of OUT, `columns` wide. */
export function eachEntry(
  operands: Operands,
  { first, end }: RowRange,
  columns: number,
  entry: (row: number, column: number) => number,
): void {
  const out = operands.rows(word.OUT);
  for (let r = first; r < end; r++) {
    for (let c = 0; c < columns; c++) out.set(r, c, entry(r, c));
  }
}

function copy(operands: Operands, range: RowRange): void {
  const a = operands.rows(word.A);
  eachEntry(operands, range, operands.word(word.COLUMNS), a.get);
}

function fill(operands: Operands, range: RowRange): void {
  eachEntry(operands, range, operands.word(word.COLUMNS), () => operands.number(word.FIRST));
}

function combine(operands: Operands, range: RowRange): void {
  const x = operands.number(word.FIRST);
  const y = operands.number(word.SECOND);
  const a = operands.rows(word.A);
  if (!operands.has(word.B)) {
    eachEntry(operands, range, operands.word(word.COLUMNS), (r, c) => x * a.get(r, c));
    return;
  }
  const b = operands.rows(word.B);
  eachEntry(operands, range, operands.word(word.COLUMNS), (r, c) => x * a.get(r, c) + y * b.get(r, c));
}

function product(operands: Operands, range: RowRange): void {
  const depth = operands.word(word.DEPTH);
  const a = operands.rows(word.A);
  const weights = operands.panels(word.WEIGHTS, depth);
  const init = operands.rowsOrZeros(word.INIT);
  const gain = operands.gains(word.GAIN);
  eachEntry(operands, range, operands.word(word.COLUMNS), (r, c) => {
    let sum = 0;
    for (let k = 0; k < depth; k++) sum += a.get(r, k) * weights.get(k, c);
    return init.get(r, c) + gain.get(0, c) * sum;
  });
}

function thinProduct(operands: Operands, range: RowRange): void {
  const depth = operands.word(word.DEPTH);
  const columns = operands.word(word.COLUMNS);
  const a = operands.rows(word.A);
  const weights = operands.panels(word.WEIGHTS, depth);
  const init = operands.rowsOrZeros(word.INIT);
  const gain = operands.gains(word.GAIN);
  eachEntry(operands, range, word.THIN, (r, j) => {
    if (j >= depth) return 0;
    let sum = 0;
    for (let i = 0; i < columns; i++) sum += a.get(r, i) * weights.get(j, i);
    return init.get(r, j) + gain.get(0, j) * sum;
  });
}

function outer(operands: Operands, { first, end }: RowRange): void {
  const depth = operands.word(word.DEPTH);
  const columns = operands.word(word.COLUMNS);
  const weights = operands.panels(word.WEIGHTS, depth);
  const a = operands.rows(word.A);
  const b = operands.rows(word.B);
  const second = operands.has(word.C) ? { c: operands.rows(word.C), d: operands.rows(word.D) } : undefined;
  for (let m = 0; m < depth; m++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let r = first; r < end; r++) {
        sum += a.get(r, m) * b.get(r, column);
        if (second !== undefined) sum += second.c.get(r, m) * second.d.get(r, column);
      }
      weights.set(m, column, weights.get(m, column) + sum);
    }
  }
}

function columnSum(operands: Operands, { first, end }: RowRange): void {
  const a = operands.rows(word.A);
  const sums = operands.rowsApart(word.WEIGHTS, 0);
  for (let c = 0; c < operands.word(word.COLUMNS); c++) {
    let sum = 0;
    for (let r = first; r < end; r++) sum += a.get(r, c);
    sums.set(0, c, sums.get(0, c) + operands.number(word.FIRST) * sum);
  }
}

function transpose(operands: Operands): void {
  const depth = operands.word(word.DEPTH);
  const columns = operands.word(word.COLUMNS);
  const weights = operands.panels(word.WEIGHTS, depth);
  const out = operands.panels(word.OUT, columns);
  for (let k = 0; k < depth; k++) {
    for (let c = 0; c < columns; c++) out.set(c, k, weights.get(k, c));
  }
}

function pack(operands: Operands): void {
  const depth = operands.word(word.DEPTH);
  const a = operands.rows(word.A);
  const panels = operands.panels(word.OUT, depth);
  for (let c = 0; c < operands.word(word.COLUMNS); c++) {
    for (let k = 0; k < depth; k++) panels.set(k, c, a.get(c, k));
  }
}

function scaleColumns(operands: Operands, range: RowRange): void {
  const a = operands.rows(word.A);
  const init = operands.rowsOrZeros(word.INIT);
  const gain = operands.gains(word.GAIN);
  eachEntry(operands, range, operands.word(word.COLUMNS), (r, c) => init.get(r, c) + gain.get(0, c) * a.get(r, c));
}
