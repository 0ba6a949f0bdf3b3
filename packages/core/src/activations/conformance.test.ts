/** Every activation against itself: its derivatives, its range, its potential and its continuation are of one function. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ComplexResult } from '../tensor/complex.ts';
import { ACTIVATION_NAMES, activationNamed } from './catalogue.ts';

const ALL = ACTIVATION_NAMES.map((name) => activationNamed(name));
const CLIPPED = ['hard-sigmoid', 'half-hard-sigmoid', 'clipped-relu'];
/** Not `fc.double`, most of whose numbers about zero are as good as zero. */
const between = (min: number, max: number) =>
  fc.integer({ min: 0, max: 2 ** 30 }).map((k) => min + ((max - min) * k) / 2 ** 30);
const points = between(-8, 14);

/** Sixth-order central difference; with this step some 1e-12 of truncation and of rounding for functions of order 1. */
function slopeOf(f: (x: number) => number, x: number, step = 4e-3): number {
  const difference = (k: number) => f(x + k * step) - f(x - k * step);
  return (45 * difference(1) - 9 * difference(2) + difference(3)) / (60 * step);
}

describe.each(ALL)('activation $name', (activation) => {
  const { name, lowest, highest, steepest, value, slope, curvature, continuation } = activation;
  const isClipped = CLIPPED.includes(name);
  const corners = isClipped ? [0, highest / steepest] : [];
  const besideCorners = (x: number) => corners.every((corner) => Math.abs(x - corner) > 0.02);

  it('is named as it is listed', () => {
    expect(ACTIVATION_NAMES).toContain(name);
    expect(new Set(ACTIVATION_NAMES).size).toBe(ACTIVATION_NAMES.length);
  });

  it('has as slope and curvature its first and second derivative', () => {
    fc.assert(
      fc.property(points.filter(besideCorners), (x) => {
        expect(Math.abs(slope(x) - slopeOf(value, x))).toBeLessThan(1e-9);
        expect(Math.abs(curvature(x) - slopeOf(slope, x))).toBeLessThan(1e-8);
      }),
    );
  });

  it('has, at a corner, the slope of the side where states live', () => {
    for (const corner of corners) expect(slope(corner)).toBe(steepest);
    expect(corners.map((corner) => slope(corner < 1e-9 ? corner - 1e-9 : corner + 1e-9))).toEqual(corners.map(() => 0));
  });

  it('stays in its range and reaches both ends of it as nearly as it can', () => {
    const everywhere = Array.from({ length: 40_001 }, (_, i) => value((i - 20_000) / 500));
    expect(everywhere.filter((y) => !(y >= lowest && y <= highest))).toEqual([]);
    if (!Number.isFinite(highest)) return;
    expect(Math.min(...everywhere) - lowest).toBeLessThan(1e-5);
    expect(highest - Math.max(...everywhere)).toBeLessThan(1e-5);
    expect(value(1e300)).toBeLessThanOrEqual(highest);
    expect(value(-1e300)).toBeGreaterThanOrEqual(lowest);
  });

  it('is nowhere steeper than it says, and that steep somewhere', () => {
    const slopes = Array.from({ length: 40_001 }, (_, i) => slope((i - 20_000) / 1_000));
    expect(Math.max(...slopes)).toBeLessThanOrEqual(steepest);
    expect(steepest - Math.max(...slopes)).toBeLessThan(1e-5);
    // The steepest rise: what falls, falls less.
    expect(Math.min(...slopes)).toBeGreaterThan(-steepest);
  });

  it('has a continuation unless it has corners', () => {
    expect(continuation === undefined).toBe(isClipped);
  });
});

/** Those that have `part`, and it. */
const having = <Part extends 'potential' | 'continuation'>(part: Part) =>
  ALL.flatMap((activation) => {
    const given = activation[part];
    return given === undefined ? [] : [{ ...activation, given }];
  });

describe.each(having('potential'))('activation $name', ({ lowest, highest, value, given: potential }) => {
  it('has a potential whose slope inside the range is its inverse', () => {
    const inside = between(0.02, 0.98).map((part) => {
      const [low, high] = Number.isFinite(highest) ? [lowest, highest] : [-3, 3];
      return low + part * (high - low);
    });
    fc.assert(
      fc.property(inside, (s) => {
        const room = Math.min(s - lowest, highest - s, 0.2);
        const x = slopeOf(potential, s, room / 50);
        expect(Math.abs(value(x) - s)).toBeLessThan(1e-9);
      }),
    );
    for (const end of [lowest, highest].filter(Number.isFinite)) expect(potential(end)).not.toBeNaN();
  });
});

describe.each(having('continuation'))(
  'activation $name in the complex plane',
  ({ value, slope, given: continuation }) => {
    const at = (re: number, im: number) => {
      const result: ComplexResult = { re: Number.NaN, im: Number.NaN };
      continuation(re, im, result);
      return result;
    };
    // Away from the poles: of tanh at iπ / 2, of the logistic at ½ + iπ / 4, of the other at iπ.
    const heights = between(-0.3, 0.3);

    it('is itself on the real axis, to the ends of it', () => {
      fc.assert(
        fc.property(fc.oneof(points, between(-1e4, 1e4)), (x) => {
          const { re, im } = at(x, 0);
          // 1 / (1 + e^(−x)) is rounded in other places; a product with x / 2 makes more of it.
          expect(Math.abs(re - value(x))).toBeLessThan(1e-14 * Math.max(1, Math.abs(x)));
          expect(Math.abs(im)).toBe(0);
        }),
      );
    });

    it('has the same slope across as along the real axis: the Cauchy-Riemann equations', () => {
      fc.assert(
        fc.property(points, heights, (x, y) => {
          const alongX = { re: slopeOf((t) => at(t, y).re, x), im: slopeOf((t) => at(t, y).im, x) };
          const alongY = { re: slopeOf((t) => at(x, t).re, y), im: slopeOf((t) => at(x, t).im, y) };
          // The logistic's pole is 0.39 away from the furthest point: its seventh derivative is some 1e7 there.
          expect(Math.abs(alongX.re - alongY.im)).toBeLessThan(1e-6);
          expect(Math.abs(alongX.im + alongY.re)).toBeLessThan(1e-6);
        }),
      );
    });

    it('has its slope as the imaginary part of a tiny imaginary step', () => {
      fc.assert(
        fc.property(points, (x) => {
          expect(Math.abs(at(x, 2 ** -300).im / 2 ** -300 - slope(x))).toBeLessThan(1e-13);
        }),
      );
    });

    it('takes conjugates to conjugates and stays finite far out', () => {
      fc.assert(
        fc.property(between(-1e4, 1e4), heights, (x, y) => {
          const [above, below] = [at(x, y), at(x, -y)];
          expect(below.re).toBe(above.re);
          expect(below.im + above.im).toBe(0);
          expect(Number.isFinite(above.re) && Number.isFinite(above.im)).toBe(true);
        }),
      );
    });
  },
);
