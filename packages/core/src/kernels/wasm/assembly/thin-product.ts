/**
 * The product with a thin layer, whose units are the rows of the panels.
 *
 *   out[r][j] = init[r][j] + gain[j] · Σ_i a[r][i] · W[⌊i / 64⌋][j][i mod 64]
 *
 * Here i runs in four chains, i mod 4, the lanes of one vector, and their sums are added as (0 + 2) + (1 + 3). Two rows by
 * five units are summed at a time, so that the ten classes of a digit take two passes.
 */
import { A, COLUMNS, DEPTH, GAIN, INIT, OUT, WEIGHTS } from '../../compiled/words';
import { plusProduct, pointerOf, rowAfter, rowBytesOf, rowOf, wordOf } from './operands';

const PANEL_ROW: usize = 256;

// @ts-ignore: decorator
@inline
function atMost(value: i32, limit: i32): i32 {
  return value < limit ? value : limit;
}

/** The sum of a vector's lanes. */
// @ts-ignore: decorator
@inline
function across(sum: v128): f32 {
  const pairs = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

// @ts-ignore: decorator
@inline
function put(sum: v128, unit: i32, depth: i32, init: usize, gain: usize, out: usize): void {
  if (unit >= depth) return;
  const at = (<usize>unit) << 2;
  let value = across(sum);
  if (gain != 0) value *= load<f32>(gain + at);
  if (init != 0) value += load<f32>(init + at);
  store<f32>(out + at, value);
}

/** Two units at a time for four rows, whose operands lie `aBytes`, `initBytes` and `outBytes` apart. */
function fourRows(
  depth: i32,
  columns: i32,
  weights: usize,
  gain: usize,
  row0: usize,
  aBytes: usize,
  init0: usize,
  initBytes: usize,
  out0: usize,
  outBytes: usize,
): void {
  const panelBytes = <usize>depth * PANEL_ROW;
  const row1 = row0 + aBytes;
  const row2 = row1 + aBytes;
  const row3 = row2 + aBytes;
  for (let unit = 0; unit < depth; unit += 2) {
    const beside: usize = unit + 1 < depth ? PANEL_ROW : 0;
    let s00 = f32x4.splat(0.0);
    let s01 = s00;
    let s10 = s00;
    let s11 = s00;
    let s20 = s00;
    let s21 = s00;
    let s30 = s00;
    let s31 = s00;
    let at: usize = 0;
    let panel = weights + <usize>unit * PANEL_ROW;
    for (let left = columns; left > 0; left -= 64) {
      const end = panel + ((<usize>atMost(left, 64)) << 2);
      let w = panel;
      while (w < end) {
        const y0 = v128.load(w);
        const y1 = v128.load(w + beside);
        let x = v128.load(row0 + at);
        s00 = plusProduct(s00, x, y0);
        s01 = plusProduct(s01, x, y1);
        x = v128.load(row1 + at);
        s10 = plusProduct(s10, x, y0);
        s11 = plusProduct(s11, x, y1);
        x = v128.load(row2 + at);
        s20 = plusProduct(s20, x, y0);
        s21 = plusProduct(s21, x, y1);
        x = v128.load(row3 + at);
        s30 = plusProduct(s30, x, y0);
        s31 = plusProduct(s31, x, y1);
        at += 16;
        w += 16;
      }
      panel += panelBytes;
    }
    let init = init0;
    let out = out0;
    put(s00, unit, depth, init, gain, out);
    put(s01, unit + 1, depth, init, gain, out);
    init = rowAfter(init, initBytes);
    out += outBytes;
    put(s10, unit, depth, init, gain, out);
    put(s11, unit + 1, depth, init, gain, out);
    init = rowAfter(init, initBytes);
    out += outBytes;
    put(s20, unit, depth, init, gain, out);
    put(s21, unit + 1, depth, init, gain, out);
    init = rowAfter(init, initBytes);
    out += outBytes;
    put(s30, unit, depth, init, gain, out);
    put(s31, unit + 1, depth, init, gain, out);
  }
  for (let row: usize = 0; row < 4; row++) {
    for (let unit = depth; unit < 16; unit++) store<f32>(out0 + row * outBytes + ((<usize>unit) << 2), 0);
  }
}

export function thinProduct(operation: usize, rowFirst: i32, rowEnd: i32): void {
  const columns = wordOf(operation, COLUMNS);
  const depth = wordOf(operation, DEPTH);
  const gain = pointerOf(operation, GAIN);
  const weights = pointerOf(operation, WEIGHTS);
  const panelBytes = <usize>depth * PANEL_ROW;
  const aBytes = rowBytesOf(operation, A);
  const initBytes = rowBytesOf(operation, INIT);
  const outBytes = rowBytesOf(operation, OUT);
  let row = rowFirst;
  for (; row + 4 <= rowEnd; row += 4) {
    const a = rowOf(operation, A, row);
    const init = rowOf(operation, INIT, row);
    const out = rowOf(operation, OUT, row);
    fourRows(depth, columns, weights, gain, a, aBytes, init, initBytes, out, outBytes);
  }
  for (; row < rowEnd; row += 2) {
    // An odd last row goes through twice and is written once.
    const second = row + 1 < rowEnd ? row + 1 : row;
    const row0 = rowOf(operation, A, row);
    const row1 = rowOf(operation, A, second);
    const init0 = rowOf(operation, INIT, row);
    const init1 = rowOf(operation, INIT, second);
    const out0 = rowOf(operation, OUT, row);
    const out1 = rowOf(operation, OUT, second);
    for (let unit = 0; unit < depth; unit += 5) {
      // Units beyond the last show the last one's weights, so that nothing behind the tensor is read.
      const last = depth - 1 - unit;
      const w1 = <usize>atMost(last, 1) * PANEL_ROW;
      const w2 = <usize>atMost(last, 2) * PANEL_ROW;
      const w3 = <usize>atMost(last, 3) * PANEL_ROW;
      const w4 = <usize>atMost(last, 4) * PANEL_ROW;
      let s00 = f32x4.splat(0.0);
      let s01 = f32x4.splat(0.0);
      let s02 = f32x4.splat(0.0);
      let s03 = f32x4.splat(0.0);
      let s04 = f32x4.splat(0.0);
      let s10 = f32x4.splat(0.0);
      let s11 = f32x4.splat(0.0);
      let s12 = f32x4.splat(0.0);
      let s13 = f32x4.splat(0.0);
      let s14 = f32x4.splat(0.0);
      let a0 = row0;
      let a1 = row1;
      let panel = weights + <usize>unit * PANEL_ROW;
      for (let left = columns; left > 0; left -= 64) {
        const end = panel + ((<usize>atMost(left, 64)) << 2);
        let w = panel;
        while (w < end) {
          let x0 = v128.load(a0);
          let x1 = v128.load(a1);
          let y = v128.load(w);
          s00 = plusProduct(s00, x0, y);
          s10 = plusProduct(s10, x1, y);
          y = v128.load(w + w1);
          s01 = plusProduct(s01, x0, y);
          s11 = plusProduct(s11, x1, y);
          y = v128.load(w + w2);
          s02 = plusProduct(s02, x0, y);
          s12 = plusProduct(s12, x1, y);
          y = v128.load(w + w3);
          s03 = plusProduct(s03, x0, y);
          s13 = plusProduct(s13, x1, y);
          y = v128.load(w + w4);
          s04 = plusProduct(s04, x0, y);
          s14 = plusProduct(s14, x1, y);
          x0 = v128.load(a0, 16);
          x1 = v128.load(a1, 16);
          y = v128.load(w, 16);
          s00 = plusProduct(s00, x0, y);
          s10 = plusProduct(s10, x1, y);
          y = v128.load(w + w1, 16);
          s01 = plusProduct(s01, x0, y);
          s11 = plusProduct(s11, x1, y);
          y = v128.load(w + w2, 16);
          s02 = plusProduct(s02, x0, y);
          s12 = plusProduct(s12, x1, y);
          y = v128.load(w + w3, 16);
          s03 = plusProduct(s03, x0, y);
          s13 = plusProduct(s13, x1, y);
          y = v128.load(w + w4, 16);
          s04 = plusProduct(s04, x0, y);
          s14 = plusProduct(s14, x1, y);
          a0 += 32;
          a1 += 32;
          w += 32;
        }
        panel += panelBytes;
      }
      put(s00, unit, depth, init0, gain, out0);
      put(s01, unit + 1, depth, init0, gain, out0);
      put(s02, unit + 2, depth, init0, gain, out0);
      put(s03, unit + 3, depth, init0, gain, out0);
      put(s04, unit + 4, depth, init0, gain, out0);
      if (second == row) continue;
      put(s10, unit, depth, init1, gain, out1);
      put(s11, unit + 1, depth, init1, gain, out1);
      put(s12, unit + 2, depth, init1, gain, out1);
      put(s13, unit + 3, depth, init1, gain, out1);
      put(s14, unit + 4, depth, init1, gain, out1);
    }
    for (let unit = depth; unit < 16; unit++) {
      store<f32>(out0 + ((<usize>unit) << 2), 0);
      store<f32>(out1 + ((<usize>unit) << 2), 0);
    }
  }
}
