/**
 * The contrast of two states of layers below and above, added to packed weights.
 *
 *   W[⌊c / 64⌋][m][c mod 64] += Σ_r a[r][m] · b[r][c] + Σ_r c[r][m] · d[r][c]
 *
 * Two units below by sixteen columns are summed at a time, in one chain from zero, r ascending, the first sum before the
 * second.
 */
import { A, B, C, D, DEPTH, WEIGHTS } from '../../compiled/words';
import { plusProduct, pointerOf, rowBytesOf, wordOf } from './operands';

// @ts-ignore: decorator
@inline
function addTo(target: usize, sum: v128): void {
  v128.store(target, f32x4.add(v128.load(target), sum));
}

/** Units `first` to `end` below, columns `columnFirst` to `columnEnd`, multiples of 16. */
export function outer(operation: usize, rows: i32, first: i32, end: i32, columnFirst: i32, columnEnd: i32): void {
  const panelBytes = (<usize>wordOf(operation, DEPTH)) << 8;
  const sums = pointerOf(operation, C) == 0 ? 1 : 2;
  for (let column = columnFirst; column < columnEnd; column += 16) {
    const at = (<usize>column) << 2;
    const panel = pointerOf(operation, WEIGHTS) + (<usize>(column >> 6)) * panelBytes + (at & 255);
    for (let unit = first; unit < end; unit += 2) {
      let s00 = f32x4.splat(0.0);
      let s01 = s00;
      let s02 = s00;
      let s03 = s00;
      let s10 = s00;
      let s11 = s00;
      let s12 = s00;
      let s13 = s00;
      for (let sum = 0; sum < sums; sum++) {
        const left = sum == 0 ? A : C;
        const right = sum == 0 ? B : D;
        const aBytes = rowBytesOf(operation, left);
        const bBytes = rowBytesOf(operation, right);
        let a = pointerOf(operation, left) + ((<usize>unit) << 2);
        let b = pointerOf(operation, right) + at;
        for (let row = 0; row < rows; row++) {
          const x0 = v128.load_splat<f32>(a);
          const x1 = v128.load_splat<f32>(a, 4);
          let y = v128.load(b);
          s00 = plusProduct(s00, x0, y);
          s10 = plusProduct(s10, x1, y);
          y = v128.load(b, 16);
          s01 = plusProduct(s01, x0, y);
          s11 = plusProduct(s11, x1, y);
          y = v128.load(b, 32);
          s02 = plusProduct(s02, x0, y);
          s12 = plusProduct(s12, x1, y);
          y = v128.load(b, 48);
          s03 = plusProduct(s03, x0, y);
          s13 = plusProduct(s13, x1, y);
          a += aBytes;
          b += bBytes;
        }
      }
      const target = panel + ((<usize>unit) << 8);
      addTo(target, s00);
      addTo(target + 16, s01);
      addTo(target + 32, s02);
      addTo(target + 48, s03);
      if (unit + 1 >= end) continue;
      addTo(target + 256, s10);
      addTo(target + 272, s11);
      addTo(target + 288, s12);
      addTo(target + 304, s13);
    }
  }
}
