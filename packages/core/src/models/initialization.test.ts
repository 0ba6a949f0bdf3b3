import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../tensor/random.ts';
import { type InitializationName, initialParameters } from './initialization.ts';

/** The bounds each name promises, for weights and for biases, between `below` and `above` units. */
const PROMISES: readonly {
  readonly name: InitializationName;
  readonly weights: (below: number, above: number) => number;
  readonly biases: (below: number, above: number) => number;
}[] = [
  { name: 'glorot-uniform', weights: (below, above) => Math.sqrt(6 / (below + above)), biases: () => 0 },
  { name: 'fan-in-uniform', weights: (below) => 1 / Math.sqrt(below), biases: (below) => 1 / Math.sqrt(below) },
];

const layerSizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 5 });
const draw = (name: InitializationName, sizes: readonly number[], seed: number) =>
  initialParameters(name, sizes, randomStream(seed, 'init'));

describe.each(PROMISES)('$name', ({ name, weights, biases }) => {
  it('gives every layer its shapes, as float32 values within the bounds', () => {
    fc.assert(
      fc.property(layerSizes, fc.nat(), (sizes, seed) => {
        const parameters = draw(name, sizes, seed);
        expect(parameters.weights.length).toBe(sizes.length - 1);
        expect(parameters.biases.length).toBe(sizes.length - 1);
        for (let k = 0; k < sizes.length - 1; k++) {
          expect(parameters.weights[k].length).toBe(sizes[k] * sizes[k + 1]);
          expect(parameters.biases[k].length).toBe(sizes[k + 1]);
          const bounds = { weights: weights(sizes[k], sizes[k + 1]), biases: biases(sizes[k], sizes[k + 1]) };
          for (const part of ['weights', 'biases'] as const) {
            for (const value of parameters[part][k]) {
              // Rounding to float32 may lift the outermost draws to the float32 next to the bound.
              expect(Math.abs(value)).toBeLessThanOrEqual(Math.fround(bounds[part]));
              expect(Math.fround(value)).toBe(value);
            }
          }
        }
      }),
    );
  });

  it('fills the range evenly: mean 0 and variance bound² / 3', () => {
    const values = [...draw(name, [100, 200], 3).weights[0]];
    const bound = weights(100, 200);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    // Five standard deviations of the mean and of the variance of 20,000 uniform draws.
    expect(Math.abs(mean)).toBeLessThan((5 * bound) / Math.sqrt(3 * 20_000));
    expect(Math.abs(variance / (bound ** 2 / 3) - 1)).toBeLessThan(5 * Math.sqrt(0.8 / 20_000));
  });

  it('gives the same values for the same seed, and others for another seed', () => {
    fc.assert(
      fc.property(layerSizes, fc.nat(), (sizes, seed) => {
        expect(draw(name, sizes, seed)).toEqual(draw(name, sizes, seed));
        expect(draw(name, sizes, seed).weights).not.toEqual(draw(name, sizes, seed + 1).weights);
      }),
    );
  });

  it('draws every layer from a stream of its own: two layers of one shape differ, and depth changes nothing below', () => {
    const { weights: drawn } = draw(name, [8, 8, 8, 8], 5);
    expect(drawn[0]).not.toEqual(drawn[1]);
    expect(drawn[1]).not.toEqual(drawn[2]);
    expect(draw(name, [8, 8, 8], 5).weights).toEqual(drawn.slice(0, 2));
  });
});
