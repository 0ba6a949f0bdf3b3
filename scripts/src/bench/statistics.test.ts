import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, quantile } from './statistics.ts';

const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 });

describe('quantiles', () => {
  it('lie among the values, and in order', () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (given, fraction) => {
        const found = quantile(given, fraction);
        expect(found).toBeGreaterThanOrEqual(Math.min(...given));
        expect(found).toBeLessThanOrEqual(Math.max(...given));
        expect(quantile(given, fraction / 2)).toBeLessThanOrEqual(found);
      }),
    );
  });

  it('do not depend on the order of the values, nor change it', () => {
    fc.assert(
      fc.property(values, (given) => {
        const before = [...given];
        expect(quantile(given.toReversed(), 0.3)).toBe(quantile(given, 0.3));
        expect(given).toEqual(before);
      }),
    );
  });

  it('are the extremes, the middle and what lies between', () => {
    expect([0, 0.5, 1].map((fraction) => quantile([3, 1, 2], fraction))).toEqual([1, 2, 3]);
    expect(median([4, 1])).toBe(2.5);
    expect(quantile([0, 10], 0.1)).toBe(1);
    expect(() => median([])).toThrow(RangeError);
  });
});
