/** Where units and parameters lie: every one has a place of its own, and what is read back is what was written. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LayerShape } from '../network.ts';
import { rowsOf } from './convolution-layout.ts';
import { entryOf, inputPlace, placeOf, readRows, writeRows } from './places.ts';
import { type Arrangement, lengthOf, placesOf, type Storage } from './storage.ts';

const shapes: fc.Arbitrary<LayerShape> = fc.tuple(
  fc.constantFrom(1, 3, 15, 16, 17, 33, 64, 65),
  fc.integer({ min: 1, max: 4 }),
  fc.integer({ min: 1, max: 4 }),
);

const storages: fc.Arbitrary<Storage> = fc.oneof(
  fc
    .record({
      below: shapes,
      above: shapes,
      fromInput: fc.boolean(),
      arrangement: fc.constantFrom<Arrangement>('by-above', 'by-below'),
    })
    .map(
      ({ below, above, fromInput, arrangement }): Storage => ({
        kind: 'panels',
        arrangement,
        below: fromInput ? inputPlace(below) : placeOf(below),
        above: placeOf(above),
      }),
    ),
  fc
    .record({ below: shapes, above: shapes, kernelSize: fc.constantFrom(1, 3), from: fc.constantFrom(0, 1) })
    .map(({ below, above, kernelSize, from }): Storage => {
      const connection = {
        kind: 'convolution',
        from,
        to: 2,
        kernelSize,
        stride: 1,
        padding: 0,
        pooling: undefined,
      } as const;
      return rowsOf(connection, below, placeOf(above));
    }),
  shapes.map((above): Storage => ({ kind: 'channels', above: placeOf(above) })),
);

describe('places', () => {
  it('are one per unit, within the row', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const place = placeOf(shape);
        const entries = Array.from({ length: place.units }, (_, unit) => entryOf(place, unit));
        expect(new Set(entries).size).toBe(place.units);
        expect(Math.max(...entries)).toBeLessThan(Math.min(place.depth, place.stride));
        expect(place.stride % 16).toBe(0);
      }),
    );
  });

  it('give back what was written, with nothing but zeros in between', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 3 }), (shape, samples) => {
        const place = placeOf(shape);
        const values = Float64Array.from({ length: samples * place.units }, (_, k) => k + 1);
        const rows = new Float64Array(samples * place.stride).fill(Number.NaN);
        writeRows(place, values, rows);
        expect(rows.filter((value) => value !== 0).sort()).toEqual(values.slice().sort());
        const read = new Float64Array(values.length);
        readRows(place, rows, samples, read);
        expect(read).toEqual(values);
      }),
    );
  });
});

describe('storage', () => {
  it('has one place for every parameter', () => {
    fc.assert(
      fc.property(storages, (storage) => {
        const places = placesOf(storage);
        expect(new Set(places).size).toBe(places.length);
        expect(places.every((place) => place >= 0 && place < lengthOf(storage))).toBe(true);
      }),
    );
  });
});
