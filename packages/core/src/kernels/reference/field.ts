/** One value per unit and sample, [batch, unit], real or complex. */
import type { Allocator } from '../../tensor/arena.ts';

export interface Field {
  readonly re: Float64Array;
  /** Undefined for a real field. */
  readonly im: Float64Array | undefined;
}

export function allocateField(allocator: Allocator, length: number, isComplex: boolean): Field {
  const re = allocator.float64(length).values;
  return { re, im: isComplex ? allocator.float64(length).values : undefined };
}

/** The same numbers without their imaginary part. */
export function realPart({ re }: Field): Field {
  return { re, im: undefined };
}

export function clear({ re, im }: Field): void {
  re.fill(0);
  im?.fill(0);
}

/** Copies the first `length` entries; what `to` has more of than `from` becomes zero. */
export function copy(from: Field, to: Field, length: number): void {
  to.re.set(from.re.subarray(0, length));
  if (to.im === undefined) return;
  if (from.im === undefined) to.im.fill(0, 0, length);
  else to.im.set(from.im.subarray(0, length));
}
