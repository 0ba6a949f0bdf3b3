/**
 * Rows times packed weights.
 *
 *   out[r][c] = init[r][c] + gain[c] · Σ_t Σ_i a[r][tap[t] + i] · W[⌊c / 64⌋][t · channels + i][c mod 64]
 *
 * A PRODUCT has one tap at 0, a CONVOLVE one row per position of a map. Two rows by sixteen columns are summed at a time, in
 * one chain each, t and then i ascending, whether a row has another beside it or not.
 */
import { A, COLUMNS, DEPTH, GAIN, INIT, OUT, POSITION_OFFSETS, POSITIONS, TAP_OFFSETS, TAPS, WEIGHTS } from '../../compiled/words';
import { entryAt, plusProduct, pointerOf, rowAfter, rowBytesOf, rowOf, tapsInRun, wordOf } from './operands';

/** Bytes of a row of a panel. */
const PANEL_ROW: usize = 256;

// @ts-ignore: decorator
@inline
function panelAt(weights: usize, depth: i32, column: i32): usize {
  return weights + (<usize>(column >> 6)) * (<usize>depth * PANEL_ROW) + ((<usize>(column & 63)) << 2);
}

/** init + gain · sum. */
// @ts-ignore: decorator
@inline
function scaled(sum: v128, init: usize, gain: usize, at: usize): v128 {
  const product = f32x4.mul(v128.load(gain + at), sum);
  return init == 0 ? product : f32x4.add(v128.load(init + at), product);
}

/** Columns `first` to `end`, multiples of 16, of two rows. `tapOffsets` 0: one tap at 0. */
function twoRows(
  row0: usize,
  row1: usize,
  taps: i32,
  tapOffsets: usize,
  channels: i32,
  weights: usize,
  init: usize,
  initBytes: usize,
  gain: usize,
  out: usize,
  outBytes: usize,
  first: i32,
  end: i32,
): void {
  const depth = taps * channels;
  const channelBytes = (<usize>channels) << 2;
  const init1 = rowAfter(init, initBytes);
  // Sums start from init where there is no gain, otherwise from zero.
  const starts: usize = gain == 0 ? init : 0;
  const starts1 = rowAfter(starts, initBytes);
  for (let column = first; column < end; column += 16) {
    const at = (<usize>column) << 2;
    let s00 = f32x4.splat(0.0);
    let s01 = s00;
    let s02 = s00;
    let s03 = s00;
    let s10 = s00;
    let s11 = s00;
    let s12 = s00;
    let s13 = s00;
    if (starts != 0) {
      s00 = v128.load(starts + at);
      s01 = v128.load(starts + at, 16);
      s02 = v128.load(starts + at, 32);
      s03 = v128.load(starts + at, 48);
      s10 = v128.load(starts1 + at);
      s11 = v128.load(starts1 + at, 16);
      s12 = v128.load(starts1 + at, 32);
      s13 = v128.load(starts1 + at, 48);
    }
    let w = panelAt(weights, depth, column);
    for (let tap = 0; tap < taps; ) {
      const run = tapOffsets == 0 ? 1 : tapsInRun(tapOffsets, taps, tap, channels);
      const offset: usize = tapOffsets == 0 ? tapOffsets : entryAt(tapOffsets, tap);
      tap += run;
      let a0 = row0 + offset;
      let a1 = row1 + offset;
      const runEnd = a0 + <usize>run * channelBytes;
      // One entry of each row in a round: V8 makes more of short loops than of unrolled ones, which it spills.
      while (a0 < runEnd) {
        const x0 = v128.load_splat<f32>(a0);
        const x1 = v128.load_splat<f32>(a1);
        let y = v128.load(w);
        s00 = plusProduct(s00, x0, y);
        s10 = plusProduct(s10, x1, y);
        y = v128.load(w, 16);
        s01 = plusProduct(s01, x0, y);
        s11 = plusProduct(s11, x1, y);
        y = v128.load(w, 32);
        s02 = plusProduct(s02, x0, y);
        s12 = plusProduct(s12, x1, y);
        y = v128.load(w, 48);
        s03 = plusProduct(s03, x0, y);
        s13 = plusProduct(s13, x1, y);
        w += PANEL_ROW;
        a0 += 4;
        a1 += 4;
      }
    }
    if (gain != 0) {
      s00 = scaled(s00, init, gain, at);
      s01 = scaled(s01, init, gain, at + 16);
      s02 = scaled(s02, init, gain, at + 32);
      s03 = scaled(s03, init, gain, at + 48);
      s10 = scaled(s10, init1, gain, at);
      s11 = scaled(s11, init1, gain, at + 16);
      s12 = scaled(s12, init1, gain, at + 32);
      s13 = scaled(s13, init1, gain, at + 48);
    }
    let target = out + at;
    v128.store(target, s00);
    v128.store(target, s01, 16);
    v128.store(target, s02, 32);
    v128.store(target, s03, 48);
    target += outBytes;
    v128.store(target, s10);
    v128.store(target, s11, 16);
    v128.store(target, s12, 32);
    v128.store(target, s13, 48);
  }
}

/** Columns `first` to `end`, multiples of 16, of one row. */
function oneRow(
  row: usize,
  taps: i32,
  tapOffsets: usize,
  channels: i32,
  weights: usize,
  init: usize,
  gain: usize,
  out: usize,
  first: i32,
  end: i32,
): void {
  const depth = taps * channels;
  const channelBytes = (<usize>channels) << 2;
  const starts: usize = gain == 0 ? init : 0;
  for (let column = first; column < end; column += 16) {
    const at = (<usize>column) << 2;
    let s0 = f32x4.splat(0.0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    if (starts != 0) {
      s0 = v128.load(starts + at);
      s1 = v128.load(starts + at, 16);
      s2 = v128.load(starts + at, 32);
      s3 = v128.load(starts + at, 48);
    }
    let w = panelAt(weights, depth, column);
    for (let tap = 0; tap < taps; ) {
      const run = tapOffsets == 0 ? 1 : tapsInRun(tapOffsets, taps, tap, channels);
      const offset: usize = tapOffsets == 0 ? tapOffsets : entryAt(tapOffsets, tap);
      tap += run;
      let a = row + offset;
      const runEnd = a + <usize>run * channelBytes;
      while (a < runEnd) {
        const x = v128.load_splat<f32>(a);
        s0 = plusProduct(s0, x, v128.load(w));
        s1 = plusProduct(s1, x, v128.load(w, 16));
        s2 = plusProduct(s2, x, v128.load(w, 32));
        s3 = plusProduct(s3, x, v128.load(w, 48));
        w += PANEL_ROW;
        a += 4;
      }
    }
    if (gain != 0) {
      s0 = scaled(s0, init, gain, at);
      s1 = scaled(s1, init, gain, at + 16);
      s2 = scaled(s2, init, gain, at + 32);
      s3 = scaled(s3, init, gain, at + 48);
    }
    const target = out + at;
    v128.store(target, s0);
    v128.store(target, s1, 16);
    v128.store(target, s2, 32);
    v128.store(target, s3, 48);
  }
}

/** Bytes of weights that stay in the second-level cache while all rows pass over them. */
const WEIGHTS_IN_CACHE: i32 = 262_144;

export function product(operation: usize, rowFirst: i32, rowEnd: i32, columnFirst: i32, columnEnd: i32): void {
  const depth = wordOf(operation, DEPTH);
  // A panel at least; all columns at once where they are few, for every call has its price.
  const panels = WEIGHTS_IN_CACHE / (depth << 8);
  const width = panels < 1 ? 64 : panels << 6;
  for (let first = columnFirst; first < columnEnd; first += width) {
    const end = first + width < columnEnd ? first + width : columnEnd;
    productOfColumns(operation, depth, rowFirst, rowEnd, first, end);
  }
}

function productOfColumns(operation: usize, depth: i32, rowFirst: i32, rowEnd: i32, first: i32, end: i32): void {
  const aBytes = rowBytesOf(operation, A);
  const initBytes = rowBytesOf(operation, INIT);
  const outBytes = rowBytesOf(operation, OUT);
  const gain = pointerOf(operation, GAIN);
  const weights = pointerOf(operation, WEIGHTS);
  let a = rowOf(operation, A, rowFirst);
  let init = rowOf(operation, INIT, rowFirst);
  let out = rowOf(operation, OUT, rowFirst);
  let row = rowFirst;
  for (; row + 2 <= rowEnd; row += 2) {
    twoRows(a, a + aBytes, 1, 0, depth, weights, init, initBytes, gain, out, outBytes, first, end);
    a += 2 * aBytes;
    out += 2 * outBytes;
    init = rowAfter(init, 2 * initBytes);
  }
  if (row < rowEnd) oneRow(a, 1, 0, depth, weights, init, gain, out, first, end);
}

export function convolve(operation: usize, rowFirst: i32, rowEnd: i32): void {
  const channels = wordOf(operation, DEPTH);
  const columns = wordOf(operation, COLUMNS);
  const columnBytes = (<usize>columns) << 2;
  const weights = pointerOf(operation, WEIGHTS);
  const positions = wordOf(operation, POSITIONS);
  const positionOffsets = pointerOf(operation, POSITION_OFFSETS);
  const taps = wordOf(operation, TAPS);
  const tapOffsets = pointerOf(operation, TAP_OFFSETS);
  for (let row = rowFirst; row < rowEnd; row++) {
    const a = rowOf(operation, A, row);
    let init = rowOf(operation, INIT, row);
    let out = rowOf(operation, OUT, row);
    const step: usize = init == 0 ? init : columnBytes;
    let offset = positionOffsets;
    let position = 0;
    for (; position + 2 <= positions; position += 2) {
      const a0 = a + entryAt(offset, 0);
      const a1 = a + entryAt(offset, 1);
      twoRows(a0, a1, taps, tapOffsets, channels, weights, init, step, 0, out, columnBytes, 0, columns);
      offset += 8;
      init += 2 * step;
      out += 2 * columnBytes;
    }
    if (position < positions) {
      const a0 = a + entryAt(offset, 0);
      oneRow(a0, taps, tapOffsets, channels, weights, init, 0, out, 0, columns);
    }
  }
}
