import { CHUNK_POINTS } from '@settle/store';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { metricBuffer } from './metric-buffer.ts';

describe('metricBuffer', () => {
  it('loses no point and keeps their order, whenever chunks are taken', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_500 }), fc.uniqueArray(fc.nat(3_500)), (count, takes) => {
        const buffer = metricBuffer();
        const stored = new Map<number, readonly number[]>();
        const take = () => {
          for (const chunk of buffer.takeChanged()) stored.set(chunk.number, chunk.points);
        };
        const takeAt = new Set(takes);
        for (let step = 0; step < count; step++) {
          buffer.add('train/cost', step, step / 2);
          if (takeAt.has(step)) take();
        }
        take();
        const points = [...stored.entries()].toSorted(([a], [b]) => a - b).flatMap(([, chunk]) => chunk);
        expect(points).toEqual(Array.from({ length: count }, (_, step) => step / 2));
        for (const chunk of stored.values()) expect(chunk.length).toBeLessThanOrEqual(CHUNK_POINTS);
        expect(buffer.takeChanged()).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});
