/** Operations on single entries of rows, sums over rows, and softmax. */
import { A, B, COLUMNS, DEPTH, FIRST, GAIN, INIT, OUT, SECOND, WEIGHTS } from '../../compiled/words';
import { exponential } from './activation-functions';
import { numberOf, plusProduct, pointerOf, rowBytesOf, rowOf, wordOf } from './operands';

export function copyRows(operation: usize, rowFirst: i32, rowEnd: i32, columnFirst: i32, columnEnd: i32): void {
  const first = (<usize>columnFirst) << 2;
  const bytes = (<usize>(columnEnd - columnFirst)) << 2;
  for (let row = rowFirst; row < rowEnd; row++) {
    const from = rowOf(operation, A, row) + first;
    const out = rowOf(operation, OUT, row) + first;
    // A copy through the engine's own routine costs a call; short rows are most of them.
    let at: usize = 0;
    for (; at + 16 <= bytes; at += 16) v128.store(out + at, v128.load(from + at));
    for (; at < bytes; at += 4) store<f32>(out + at, load<f32>(from + at));
  }
}

export function fillRows(operation: usize, rowFirst: i32, rowEnd: i32, columnFirst: i32, columnEnd: i32): void {
  const value = numberOf(operation, FIRST);
  const first = (<usize>columnFirst) << 2;
  const end = (<usize>columnEnd) << 2;
  for (let row = rowFirst; row < rowEnd; row++) {
    const out = rowOf(operation, OUT, row);
    let at = first;
    for (; at + 16 <= end; at += 16) v128.store(out + at, f32x4.splat(value));
    for (; at < end; at += 4) store<f32>(out + at, value);
  }
}

export function combineRows(operation: usize, rowFirst: i32, rowEnd: i32, columnFirst: i32, columnEnd: i32): void {
  const x = f32x4.splat(numberOf(operation, FIRST));
  const y = f32x4.splat(numberOf(operation, SECOND));
  const first = (<usize>columnFirst) << 2;
  const end = (<usize>columnEnd) << 2;
  for (let row = rowFirst; row < rowEnd; row++) {
    const a = rowOf(operation, A, row);
    const b = rowOf(operation, B, row);
    const out = rowOf(operation, OUT, row);
    for (let at = first; at < end; at += 16) {
      let sum = f32x4.mul(x, v128.load(a + at));
      if (b != 0) sum = plusProduct(sum, y, v128.load(b + at));
      v128.store(out + at, sum);
    }
  }
}

export function scaleColumns(operation: usize, rowFirst: i32, rowEnd: i32, columnFirst: i32, columnEnd: i32): void {
  const gain = pointerOf(operation, GAIN);
  const first = (<usize>columnFirst) << 2;
  const end = (<usize>columnEnd) << 2;
  for (let row = rowFirst; row < rowEnd; row++) {
    const a = rowOf(operation, A, row);
    const init = rowOf(operation, INIT, row);
    const out = rowOf(operation, OUT, row);
    for (let at = first; at < end; at += 16) {
      let scaled = f32x4.mul(v128.load(gain + at), v128.load(a + at));
      if (init != 0) scaled = f32x4.add(v128.load(init + at), scaled);
      v128.store(out + at, scaled);
    }
  }
}

/** Rows are summed in one chain, ascending, from zero. */
export function columnSum(operation: usize, rows: i32, columnFirst: i32, columnEnd: i32): void {
  const x = f32x4.splat(numberOf(operation, FIRST));
  const sums = pointerOf(operation, WEIGHTS);
  const aBytes = rowBytesOf(operation, A);
  let column = columnFirst;
  for (; column + 16 <= columnEnd; column += 16) {
    const at = (<usize>column) << 2;
    let a = pointerOf(operation, A) + at;
    let s0 = f32x4.splat(0.0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let row = 0; row < rows; row++) {
      s0 = f32x4.add(s0, v128.load(a));
      s1 = f32x4.add(s1, v128.load(a, 16));
      s2 = f32x4.add(s2, v128.load(a, 32));
      s3 = f32x4.add(s3, v128.load(a, 48));
      a += aBytes;
    }
    const target = sums + at;
    v128.store(target, plusProduct(v128.load(target), x, s0));
    v128.store(target, plusProduct(v128.load(target, 16), x, s1), 16);
    v128.store(target, plusProduct(v128.load(target, 32), x, s2), 32);
    v128.store(target, plusProduct(v128.load(target, 48), x, s3), 48);
  }
  for (; column < columnEnd; column++) {
    const at = (<usize>column) << 2;
    let sum: f32 = 0;
    for (let row = 0; row < rows; row++) sum += load<f32>(rowOf(operation, A, row) + at);
    store<f32>(sums + at, load<f32>(sums + at) + numberOf(operation, FIRST) * sum);
  }
}

/** The first `valid` lanes of x, and `others` in the rest. */
// @ts-ignore: decorator
@inline
function keep(x: v128, valid: i32, others: f32): v128 {
  const lanes = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(valid));
  return v128.bitselect(x, f32x4.splat(others), lanes);
}

/** Terms are summed in four chains, c mod 4, added as (0 + 2) + (1 + 3). */
export function softmaxRows(operation: usize, rowFirst: i32, rowEnd: i32): void {
  const depth = wordOf(operation, DEPTH);
  const columns = wordOf(operation, COLUMNS);
  for (let row = rowFirst; row < rowEnd; row++) {
    const a = rowOf(operation, A, row);
    const out = rowOf(operation, OUT, row);
    let highest = f32x4.splat(-<f32>Infinity);
    for (let column = 0; column < depth; column += 4) {
      // Unlike pmax, max gives NaN when either is one.
      highest = f32x4.max(highest, keep(v128.load(a + ((<usize>column) << 2)), depth - column, -<f32>Infinity));
    }
    highest = f32x4.max(highest, v128.shuffle<f32>(highest, highest, 2, 3, 0, 1));
    highest = f32x4.max(highest, v128.shuffle<f32>(highest, highest, 1, 0, 3, 2));
    let sum = f32x4.splat(0.0);
    for (let column = 0; column < depth; column += 4) {
      const at = (<usize>column) << 2;
      const term = keep(exponential(f32x4.sub(v128.load(a + at), highest)), depth - column, 0.0);
      sum = f32x4.add(sum, term);
      v128.store(out + at, term);
    }
    sum = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 2, 3, 0, 1));
    sum = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 1, 0, 3, 2));
    for (let column = 0; column < columns; column += 4) {
      const target = out + ((<usize>column) << 2);
      v128.store(target, column < depth ? f32x4.div(v128.load(target), sum) : f32x4.splat(0.0));
    }
    // NaN does not stay out of what lies beyond the units.
    for (let column = depth; column < columns && (column & 3) != 0; column++) store<f32>(out + ((<usize>column) << 2), 0);
  }
}
