/**
 * How far states moved in a step, as one lane sees it while it works.
 *
 * Sizes are kept as the bits of non-negative floats, which are ordered like integers: NaN comes above infinity, and the
 * largest is found by an integer maximum, which loses neither.
 */

/** Bits of infinity: whatever is not below is not finite. */
export const INFINITE_BITS: i32 = 0x7f800000;
/** No layer. */
export const NO_LAYER: i32 = 0x7fffffff;

/** Since `beginStep`: bits of the largest change, the lowest layer with states that are not finite, the highest updated. */
export let largestBits: i32 = 0;
export let brokenLayer: i32 = NO_LAYER;
export let highestLayer: i32 = 0;

export function beginStep(): void {
  largestBits = 0;
  brokenLayer = NO_LAYER;
  highestLayer = 0;
}

/** The largest of four sizes. */
// @ts-ignore: decorator
@inline
export function largestOf(sizes: v128): i32 {
  const halves = i32x4.max_s(sizes, v128.shuffle<i32>(sizes, sizes, 2, 3, 0, 1));
  const first = i32x4.extract_lane(halves, 0);
  const second = i32x4.extract_lane(halves, 1);
  return first > second ? first : second;
}

/** Counts what one operation changed in the states of a layer, which lie at `states`, rows `rowBytes` apart. */
export function countChange(
  bits: i32,
  layer: i32,
  states: usize,
  rowBytes: usize,
  rows: i32,
  columnFirst: i32,
  columnEnd: i32,
): void {
  if (bits > largestBits) largestBits = bits;
  if (layer > highestLayer) highestLayer = layer;
  // A state that is not finite cannot have been reached by a finite change.
  if (bits < INFINITE_BITS || layer >= brokenLayer) return;
  for (let row = 0; row < rows; row++) {
    for (let column = columnFirst; column < columnEnd; column++) {
      const state = load<i32>(states + <usize>row * rowBytes + ((<usize>column) << 2));
      if ((state & INFINITE_BITS) == INFINITE_BITS) {
        brokenLayer = layer;
        return;
      }
    }
  }
}
