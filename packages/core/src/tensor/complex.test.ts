import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onCircle } from './complex.ts';

const radii = fc.double({ min: 1e-6, max: 10, noNaN: true });
const turns = fc.integer({ min: -300_000, max: 300_000 }).map((k) => k / 100_000);

describe('a point on a circle', () => {
  it('has its radius, and adds turns like angles', () => {
    fc.assert(
      fc.property(radii, turns, turns, (radius, one, other) => {
        const [a, b, both] = [onCircle(radius, one), onCircle(1, other), onCircle(radius, one + other)];
        // Turns are known to 1e-16, angles six times less.
        expect(Math.abs(Math.hypot(a.re, a.im) - radius)).toBeLessThan(1e-14 * radius);
        expect(Math.abs(a.re * b.re - a.im * b.im - both.re)).toBeLessThan(2e-14 * radius);
        expect(Math.abs(a.re * b.im + a.im * b.re - both.im)).toBeLessThan(2e-14 * radius);
      }),
    );
  });

  it('is exactly on an axis after whole quarter turns, so that a centred nudge stays real', () => {
    fc.assert(
      fc.property(radii, fc.integer({ min: -9, max: 9 }), (radius, quarters) => {
        const { re, im } = onCircle(radius, quarters / 4);
        const side = ((quarters % 4) + 4) % 4;
        expect([re, im]).toEqual(
          [
            [radius, 0],
            [0, radius],
            [-radius, 0],
            [0, -radius],
          ][side],
        );
      }),
    );
  });

  it('is close to those beside it across a quarter turn', () => {
    for (const quarters of [-2, -1, 0, 1, 2, 3]) {
      const [before, on] = [onCircle(1, quarters / 4 - 1e-9), onCircle(1, quarters / 4)];
      expect(Math.hypot(before.re - on.re, before.im - on.im)).toBeLessThan(1e-8);
    }
  });
});
