/** Every model against its own energy: local quantities are its slopes in the parameters, rest states its stationary points. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activationNamed } from '../kernels/activations.ts';
import type { ParameterValues } from '../kernels/kernel-set.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { deepHopfield } from './deep-hopfield.ts';
import type { LayeredModel } from './layered-model.ts';
import { prototypical } from './prototypical.ts';

type Builder = (layerSizes: readonly number[]) => LayeredModel;

/** Every model with every activation that has an energy. */
const MODELS: readonly { readonly title: string; readonly build: Builder }[] = [
  ...(['hard-sigmoid', 'logistic', 'tanh'] as const).map((activation) => ({
    title: `deep-hopfield, ${activation}`,
    build: (layerSizes: readonly number[]) => deepHopfield({ layerSizes, activation, stepSize: 0.5 }),
  })),
  ...(['logistic', 'tanh'] as const).flatMap((activation) =>
    (['inside', 'outside'] as const).map((nudge) => ({
      title: `prototypical, ${activation}, nudge ${nudge}`,
      build: (layerSizes: readonly number[]) => prototypical({ layerSizes, activation, nudge }),
    })),
  ),
];

const layerSizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 4 });

const doubles = (length: number, min: number, max: number): fc.Arbitrary<Float64Array> =>
  fc.float64Array({ minLength: length, maxLength: length, min, max, noNaN: true });

function parametersOf(sizes: readonly number[], bound: number): fc.Arbitrary<ParameterValues> {
  const above = sizes.slice(1);
  return fc.record({
    weights: fc.tuple(...above.map((size, k) => doubles(size * sizes[k], -bound, bound))),
    biases: fc.tuple(...above.map((size) => doubles(size, -0.5, 0.5))),
  });
}

/** States inside the range of the activation, where every energy is smooth. */
function statesOf(model: LayeredModel): fc.Arbitrary<Float64Array[]> {
  const { lowest, highest } = activationNamed(model.network.activation);
  return fc.tuple(...model.network.layerSizes.map((size) => doubles(size, lowest + 0.01, highest - 0.01)));
}

/** `values` with entry `at` of part `k` moved by `step`. */
function moved(values: readonly (Float32Array | Float64Array)[], k: number, at: number, step: number): Float64Array[] {
  return values
    .map((part, index) => part.map((value, i) => (index === k && i === at ? value + step : value)))
    .map((part) => Float64Array.from(part));
}

describe.each(MODELS)('$title', ({ build }) => {
  it('has the slopes of the energy in the parameters as local quantities', () => {
    const trials = layerSizes.chain((sizes) => {
      const model = build(sizes);
      return fc.record({ model: fc.constant(model), parameters: parametersOf(sizes, 2), states: statesOf(model) });
    });
    fc.assert(
      fc.property(trials, ({ model, parameters, states }) => {
        const local = model.localQuantities(parameters, states);
        // The energy is linear in every parameter, so a wide difference is exact but for rounding.
        const step = 0.5;
        for (const part of ['weights', 'biases'] as const) {
          expect(local[part].length).toBe(parameters[part].length);
          parameters[part].forEach((values, k) => {
            expect(local[part][k].length).toBe(values.length);
            for (let at = 0; at < values.length; at++) {
              const energy = (by: number) =>
                model.energy({ ...parameters, [part]: moved(parameters[part], k, at, by) }, states);
              expect(local[part][k][at]).toBeCloseTo((energy(step) - energy(-step)) / (2 * step), 11);
            }
          });
        }
      }),
    );
  });

  it('rests where no move of a state within its range lowers the energy to first order', () => {
    const trials = layerSizes.chain((sizes) =>
      // Sums of at most five weights of 0.15 on either side keep the relaxation contracting for every activation.
      fc.record({ sizes: fc.constant(sizes), parameters: parametersOf(sizes, 0.15), input: doubles(sizes[0], -1, 1) }),
    );
    fc.assert(
      fc.property(trials, ({ sizes, parameters, input }) => {
        const model = build(sizes);
        const { lowest, highest } = activationNamed(model.network.activation);
        const kernels = referenceKernels.build(model.network, 1, openArena(createArenaMemory(0)));
        kernels.writeParameters(parameters);
        kernels.inputs.set(input);
        kernels.clamp(1);
        const report = kernels.settle({ beta: 0, steps: 600, from: 'zeros', into: 'free' });
        expect(report).toMatchObject({ kind: 'settled' });
        const rest = [input, ...sizes.slice(1).map((_, k) => kernels.readStates('free', k + 1))];
        const energyAt = model.energy(parameters, rest);
        for (let k = 1; k < rest.length; k++) {
          for (let at = 0; at < rest[k].length; at++) {
            const energy = (by: number) => model.energy(parameters, moved(rest, k, at, by));
            const distance = Math.min(rest[k][at] - lowest, highest - rest[k][at]);
            if (distance < 1e-5) {
              // At an end of the range clipping holds the state against the force, so only the way back counts: the
              // slope may push outwards and, for the hard sigmoid, has a kink there.
              const inwards = rest[k][at] - lowest < highest - rest[k][at] ? 1e-5 : -1e-5;
              expect((energy(inwards) - energyAt) / 1e-5).toBeGreaterThan(-1e-4);
            } else {
              // Ψ'' grows like 1 / distance. The smallest steps leave 1e-7 of rounding in the quotient.
              const step = 1e-4 * distance;
              expect(Math.abs(energy(step) - energy(-step)) / (2 * step)).toBeLessThan(1e-6);
            }
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('refuses impossible layers with RangeError', () => {
    for (const sizes of [[], [3], [3, 0], [2.5, 1], [3, Number.NaN]]) expect(() => build(sizes)).toThrow(RangeError);
  });
});

describe('deep-hopfield', () => {
  it('refuses step sizes outside (0, 1] with RangeError', () => {
    for (const stepSize of [0, -1, 1.001, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => deepHopfield({ layerSizes: [2, 2], activation: 'tanh', stepSize })).toThrow(RangeError);
    }
  });
});

describe('prototypical with a hard sigmoid', () => {
  it('says that it has no energy instead of giving a number', () => {
    const model = prototypical({ layerSizes: [1, 1], activation: 'hard-sigmoid', nudge: 'inside' });
    const one = Float64Array.of(0.5);
    expect(() => model.energy({ weights: [one], biases: [one] }, [one, one])).toThrow(RangeError);
  });
});
