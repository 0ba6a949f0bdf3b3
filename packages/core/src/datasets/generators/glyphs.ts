/**
 * Small grey images: every class is a fixed random smooth pattern, shown up to one pixel off its place and with noise. A
 * network that shares weights over places has an advantage here.
 */
import type { RandomStream } from '../../tensor/random.ts';
import { bellShaped, type SampleSource } from './sample-source.ts';

/** Patterns are as smooth as a lattice of this many random points a side makes them. */
const LATTICE = 4;
const DARKEST = 0.1;
const BRIGHTEST = 0.9;

export function glyphs(classCount: number, side: number, noise: number, patterns: RandomStream): SampleSource {
  // One pixel more on every side, so that a shifted pattern goes on beyond the border.
  const canvas = side + 2;
  const drawn = Array.from({ length: classCount }, (_, label) => smoothPattern(canvas, patterns.split(label)));
  return {
    shape: [1, side, side],
    classCount,
    write(number, draws, values) {
      const label = number % classCount;
      const pattern = drawn[label];
      const place = Math.floor(9 * draws.uniform(0));
      const down = Math.floor(place / 3);
      const right = place % 3;
      for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) {
          const i = y * side + x;
          values[i] = pattern[(y + down) * canvas + x + right] + noise * bellShaped(draws, 1 + i);
        }
      }
      return label;
    },
  };
}

/** [side, side]: random lattice points with straight lines between them, stretched to the same contrast in all classes. */
function smoothPattern(side: number, draws: RandomStream): Float64Array {
  const step = (LATTICE - 1) / (side - 1);
  const raw = Float64Array.from({ length: side * side }, (_, i) => {
    const y = Math.floor(i / side) * step;
    const x = (i % side) * step;
    const row = Math.min(Math.floor(y), LATTICE - 2);
    const column = Math.min(Math.floor(x), LATTICE - 2);
    const point = (down: number, right: number) => draws.uniform((row + down) * LATTICE + column + right);
    const upper = point(0, 0) + (x - column) * (point(0, 1) - point(0, 0));
    const lower = point(1, 0) + (x - column) * (point(1, 1) - point(1, 0));
    return upper + (y - row) * (lower - upper);
  });
  const lowest = Math.min(...raw);
  const highest = Math.max(...raw);
  return raw.map((value) => DARKEST + ((BRIGHTEST - DARKEST) * (value - lowest)) / (highest - lowest));
}
