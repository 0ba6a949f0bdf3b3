import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ParameterTensor } from '../kernels/kernel-set.ts';
import { clippedMean } from './clipping.ts';
import type { Clipping } from './optimizer-description.ts';

const lists = fc.array(fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { maxLength: 8 }), { maxLength: 5 });
const limits = fc.double({ min: 1e-3, max: 20, noNaN: true });
const samples = fc.integer({ min: 1, max: 64 });

function tensorsOf(sums: readonly (readonly number[])[]): ParameterTensor[] {
  return sums.map((list, index) => ({
    kind: 'weights',
    index,
    values: new Float64Array(list.length),
    buffers: [Float64Array.from(list)],
  }));
}

/** All entries of the mean that is followed. */
function clipped(clipping: Clipping, sums: readonly (readonly number[])[], count: number): number[] {
  const { scale, limit } = clippedMean(clipping, tensorsOf(sums), count);
  return sums.flat().map((sum) => Math.min(Math.max(scale * sum, -limit), limit));
}

describe('clipping', () => {
  it('of no kind leaves the mean', () => {
    fc.assert(
      fc.property(lists, samples, (sums, count) => {
        clipped({ kind: 'none' }, sums, count).forEach((entry, i) => {
          expect(entry).toBeCloseTo(sums.flat()[i] / count, 12);
        });
      }),
    );
  });

  it('by norm shortens the whole mean gradient to the limit, in its direction, and only when it is longer', () => {
    fc.assert(
      fc.property(lists, limits, samples, (sums, limit, count) => {
        const mean = sums.flat().map((sum) => sum / count);
        const norm = Math.hypot(...mean);
        const entries = clipped({ kind: 'norm', limit }, sums, count);
        expect(Math.hypot(...entries)).toBeCloseTo(Math.min(norm, limit), 10);
        const shortened = Math.hypot(...entries);
        entries.forEach((entry, i) => {
          expect(entry * norm).toBeCloseTo(mean[i] * shortened, 8);
        });
      }),
    );
  });

  it('by value bounds every entry by itself', () => {
    fc.assert(
      fc.property(lists, limits, samples, (sums, limit, count) => {
        clipped({ kind: 'value', limit }, sums, count).forEach((entry, i) => {
          const mean = sums.flat()[i] / count;
          expect(entry).toBeCloseTo(Math.abs(mean) > limit ? Math.sign(mean) * limit : mean, 12);
        });
      }),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('by norm does not hide an entry that is %d', (broken) => {
    expect(clipped({ kind: 'norm', limit: 1 }, [[1, broken]], 2)[1]).toBeNaN();
  });
});
