/** Derivatives by differences, and how far two lists of numbers are apart. */

/** Fourth-order central difference of `f` at 0. Its error at the default step is some 1e-12 of f, rounding included. */
export function slopeAt(f: (by: number) => number, step = 1e-3): number {
  return slopeUnlessCorner(f, step, Number.POSITIVE_INFINITY) ?? Number.NaN;
}

/**
 * The same; undefined where `f` has a corner within the step, which a clip or a pooling's choice may bring about. The fourth
 * difference tells: over the step it is as the cube of the step on smooth ground, and beside a corner twelve times the error.
 */
export function slopeUnlessCorner(f: (by: number) => number, step: number, cornerAbove = 5e-8): number | undefined {
  const [farDown, down, here, up, farUp] = [-2, -1, 0, 1, 2].map((k) => f(k * step));
  if (Math.abs(farUp + farDown - 4 * (up + down) + 6 * here) / step > cornerAbove) return undefined;
  return (8 * (up - down) - (farUp - farDown)) / (12 * step);
}

/** `values` with entry `at` moved by `by`. */
export function moved<Values extends Float32Array | Float64Array>(
  values: Values,
  at: number,
  by: number,
): Float64Array {
  const copy = Float64Array.from(values);
  copy[at] += by;
  return copy;
}

/** `parts` with entry `at` of part `k` moved by `by`. */
export function movedIn(
  parts: readonly (Float32Array | Float64Array)[],
  k: number,
  at: number,
  by: number,
): Float64Array[] {
  return parts.map((part, index) => (index === k ? moved(part, at, by) : Float64Array.from(part)));
}

export function largestOf(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (Number.isNaN(size)) return size;
    largest = Math.max(largest, size);
  }
  return largest;
}

/** The largest difference of two lists of one length; NaN where either has one. */
export function distance(one: ArrayLike<number>, other: ArrayLike<number>): number {
  if (one.length !== other.length) throw new Error(`lists of ${one.length} and of ${other.length} numbers`);
  return largestOf(Float64Array.from(one, (value, i) => value - other[i]));
}

export function dot(one: ArrayLike<number>, other: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += one[i] * other[i];
  return sum;
}
