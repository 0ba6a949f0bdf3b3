/** Weights from one order into another. */
import { A, COLUMNS, DEPTH, OUT, WEIGHTS } from '../../compiled/words';
import { pointerOf, rowBytesOf, wordOf } from './operands';

/** Turns four vectors at `from`, `fromBytes` apart, into four columns: vectors at `into`, `intoBytes` apart. */
// @ts-ignore: decorator
@inline
function turn(from: usize, fromBytes: usize, into: usize, intoBytes: usize): void {
  const x0 = v128.load(from);
  const x1 = v128.load(from + fromBytes);
  const x2 = v128.load(from + 2 * fromBytes);
  const x3 = v128.load(from + 3 * fromBytes);
  const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
  v128.store(into, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(into + intoBytes, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
  v128.store(into + 2 * intoBytes, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  v128.store(into + 3 * intoBytes, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
}

/**
 * into[j][i] = from[i][j] for i < rows and j < columns, both at most 64; bytes from row to row of both. Tiles of so many
 * entries stay in the first-level cache.
 */
function turnTile(from: usize, fromBytes: usize, into: usize, intoBytes: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i += 4) {
    for (let j = 0; j < columns; j += 4) {
      const source = from + <usize>i * fromBytes + ((<usize>j) << 2);
      const target = into + <usize>j * intoBytes + ((<usize>i) << 2);
      if (i + 4 <= rows && j + 4 <= columns) {
        turn(source, fromBytes, target, intoBytes);
        continue;
      }
      for (let p = 0; p < rows - i && p < 4; p++) {
        for (let q = 0; q < columns - j && q < 4; q++) {
          const value = load<f32>(source + <usize>p * fromBytes + ((<usize>q) << 2));
          store<f32>(target + <usize>q * intoBytes + ((<usize>p) << 2), value);
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function atMost64(length: i32): i32 {
  return length < 64 ? length : 64;
}

/** The panels of the transposed copy from `first` to `end`. */
export function transpose(operation: usize, first: i32, end: i32): void {
  const depth = wordOf(operation, DEPTH);
  const columns = wordOf(operation, COLUMNS);
  const weights = pointerOf(operation, WEIGHTS);
  const out = pointerOf(operation, OUT);
  for (let panel = first; panel < end; panel++) {
    const k = panel << 6;
    for (let column = 0; column < columns; column += 64) {
      const from = weights + (((<usize>(column >> 6)) * <usize>depth + <usize>k) << 8);
      const into = out + ((<usize>panel * <usize>columns + <usize>column) << 8);
      turnTile(from, 256, into, 256, atMost64(depth - k), atMost64(columns - column));
    }
  }
}

/** Panels `first` to `end` from rows of weights, one per unit above. */
export function pack(operation: usize, first: i32, end: i32): void {
  const depth = wordOf(operation, DEPTH);
  const columns = wordOf(operation, COLUMNS);
  const a = pointerOf(operation, A);
  const aBytes = rowBytesOf(operation, A);
  const out = pointerOf(operation, OUT);
  for (let panel = first; panel < end; panel++) {
    const column = panel << 6;
    for (let k = 0; k < depth; k += 64) {
      const from = a + <usize>column * aBytes + ((<usize>k) << 2);
      const into = out + ((<usize>panel * <usize>depth + <usize>k) << 8);
      turnTile(from, aBytes, into, 256, atMost64(columns - column), atMost64(depth - k));
    }
  }
}
