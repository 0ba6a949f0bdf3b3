/** How kernels read the words of an operation: ../../compiled/words.ts names them, ../../compiled/operations.ts says what they mean. */
import { CODE } from '../../compiled/words';

// @ts-ignore: decorator
@inline
export function codeOf(operation: usize): i32 {
  return load<i32>(operation + (<usize>CODE << 2));
}

// @ts-ignore: decorator
@inline
export function wordOf(operation: usize, position: i32): i32 {
  return load<i32>(operation + (<usize>position << 2));
}

/** Byte address of an operand, 0 for none. */
// @ts-ignore: decorator
@inline
export function pointerOf(operation: usize, position: i32): usize {
  return <usize>load<u32>(operation + (<usize>position << 2));
}

/** Bytes from row to row of the operand at `position`. */
// @ts-ignore: decorator
@inline
export function rowBytesOf(operation: usize, position: i32): usize {
  return (<usize>load<u32>(operation + ((<usize>position + 1) << 2))) << 2;
}

/** Byte address of a row of the operand at `position`, 0 where the operand is left out. */
// @ts-ignore: decorator
@inline
export function rowOf(operation: usize, position: i32, row: i32): usize {
  const base = pointerOf(operation, position);
  return base == 0 ? 0 : base + <usize>row * rowBytesOf(operation, position);
}

// @ts-ignore: decorator
@inline
export function numberOf(operation: usize, position: i32): f32 {
  return <f32>load<f64>(operation + (<usize>position << 2));
}

/** Sum plus product, rounded twice: the same bits on every machine. */
// @ts-ignore: decorator
@inline
export function plusProduct(sum: v128, x: v128, y: v128): v128 {
  return f32x4.add(sum, f32x4.mul(x, y));
}

/** The row behind the one at `row`; none is behind none. */
// @ts-ignore: decorator
@inline
export function rowAfter(row: usize, rowBytes: usize): usize {
  return row == 0 ? row : row + rowBytes;
}

/** Bytes that entry `k` of an int32 table of offsets stands for. */
// @ts-ignore: decorator
@inline
export function entryAt(table: usize, k: i32): usize {
  return <usize>load<i32>(table + ((<usize>k) << 2)) << 2;
}

/** Taps in the run that begins with `tap`: neighbours in the map as in the weights. */
// @ts-ignore: decorator
@inline
export function tapsInRun(tapOffsets: usize, taps: i32, tap: i32, channels: i32): i32 {
  const start = entryAt(tapOffsets, tap);
  let count = 1;
  while (tap + count < taps && entryAt(tapOffsets, tap + count) == start + ((<usize>(count * channels)) << 2)) count++;
  return count;
}
