/** Anderson acceleration by itself, on sweeps whose answers are known. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { streamOf, uniforms } from '../testing/drawn-network.ts';
import { distance, largestOf } from '../testing/slopes.ts';
import { ANDERSON_DEPTH, accelerator, acceleratorLength } from './anderson.ts';

const build = (samples: number, length: number) =>
  accelerator(new Float64Array(acceleratorLength(samples, length)), samples, length);

describe('an accelerator', () => {
  it('solves a linear fixed point of no more unknowns than it remembers sweeps, even where the sweep diverges', () => {
    const law = (size: number, seed: number) => {
      const stream = streamOf(seed);
      const matrix = uniforms(stream.split('matrix'), size * size, -0.9, 0.9);
      const constant = uniforms(stream.split('constant'), size, -1, 1);
      const sweep = (x: Float64Array) =>
        constant.map((c, i) => x.reduce((sum, xj, j) => sum + matrix[i * size + j] * xj, c));
      const accelerate = build(1, size);
      const point = new Float64Array(size);
      let grew = false;
      let last = Number.POSITIVE_INFINITY;
      for (let step = 0; step <= size + 1; step++) {
        const swept = sweep(point);
        const residual = Math.hypot(...swept.map((x, i) => x - point[i]));
        grew ||= residual > last;
        last = residual;
        accelerate.extrapolate(point, swept, 1);
      }
      // Where a residual grew on the way, history was dropped; where it vanished early, differences say nothing more.
      fc.pre(!grew);
      // The ridge of 1e-12 leaves its root where differences are nearly parallel.
      const scale = Math.max(1, largestOf(point));
      expect(distance(sweep(point), point)).toBeLessThan(1e-4 * scale);
    };
    fc.assert(fc.property(fc.integer({ min: 1, max: ANDERSON_DEPTH - 1 }), fc.nat(), law), { numRuns: 100 });
  });

  it('keeps the plain sweep at first, and wherever a residual grew', () => {
    const accelerate = build(1, 2);
    const at = (x: number, y: number, residual: number) => {
      const point = Float64Array.of(x, y);
      const swept = Float64Array.of(x + residual, y - residual / 2);
      accelerate.extrapolate(point, swept, 1);
      return { point, swept };
    };
    const first = at(0, 0, 1);
    expect(first.point).toEqual(first.swept);
    const grown = at(1, 1, 2);
    expect(grown.point).toEqual(grown.swept);
    const fallen = at(2, 0, 0.5);
    expect(fallen.point).not.toEqual(fallen.swept);
    accelerate.reset();
    const fresh = at(0, 0, 0.1);
    expect(fresh.point).toEqual(fresh.swept);
  });

  it('leaves a sample at rest where it is, beside others that move', () => {
    const accelerate = build(2, 2);
    const point = Float64Array.of(0.25, 0.5, 0, 0);
    for (let step = 0; step < 8; step++) {
      const swept = point.map((x, i) => (i < 2 ? x : 1 + 0.5 * x));
      accelerate.extrapolate(point, swept, 2);
      expect([...point.subarray(0, 2)]).toEqual([0.25, 0.5]);
    }
    expect(distance(point.subarray(2), [2, 2])).toBeLessThan(1e-9);
  });
});
