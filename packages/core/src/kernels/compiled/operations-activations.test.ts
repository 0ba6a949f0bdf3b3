/** Activations on every engine: at corners and limits, over their whole range, and for tiny arguments. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ACTIVATION_NAMES, activationNamed } from '../../activations/catalogue.ts';
import { ENGINES } from '../testing/every-engine.ts';
import { emitRows, multiplySlope } from './operations.ts';
import { precisionOf } from './testing/judgement.ts';
import { plainEngine } from './testing/plain-engine.ts';
import { createScene, GUARD } from './testing/scene.ts';
import { openStage, type Stage } from './testing/stage.ts';
import { ENGINE_ACTIVATIONS } from './testing/unit-cases.ts';

const ON_EVERY = [plainEngine('float32'), ...ENGINES].map((engine) => ({
  title: `${engine.name}, ${engine.elementType}`,
  stage: openStage(engine),
}));
afterAll(() => {
  for (const { stage } of ON_EVERY) stage.close();
});

/** Value and slope at every argument; at most 64 of them. */
function at(stage: Stage, name: keyof typeof ENGINE_ACTIVATIONS, given: readonly number[]) {
  const scene = createScene({ seed: 0, guard: Number.NaN, specials: [] });
  const columns = 64;
  const x = scene.vector(columns, { draw: (_, k) => given[k] ?? 0 });
  const ones = scene.vector(columns, { draw: () => 1 });
  const [value, slope] = [scene.vector(columns, { written: columns }), scene.vector(columns, { written: columns })];
  const { values } = stage.perform(scene, {
    rows: 1,
    before: (laid) => [
      emitRows(laid.rows(x), laid.rows(value), columns, ENGINE_ACTIVATIONS[name]),
      multiplySlope(laid.rows(ones), laid.rows(x), laid.rows(slope), columns, ENGINE_ACTIVATIONS[name]),
    ],
  });
  const first = (tensor: typeof value) => [...(values.get(tensor) ?? [])].slice(GUARD, GUARD + given.length);
  return { values: first(value), slopes: first(slope) };
}

const between = (low: number, high: number) =>
  fc.integer({ min: 0, max: 2 ** 30 }).map((k) => Math.fround(low + ((high - low) * k) / 2 ** 30));
const many = (argument: fc.Arbitrary<number>) => fc.array(argument, { minLength: 64, maxLength: 64 });

describe.each(ON_EVERY)('engine $title', ({ stage }) => {
  const { rounding } = precisionOf(stage.engine.elementType);

  describe.each(ACTIVATION_NAMES)('activation %s', (name) => {
    const activation = activationNamed(name);
    const isClipped = ['hard-sigmoid', 'half-hard-sigmoid', 'clipped-relu'].includes(name);
    // z is rounded before it comes to its exponential, and the two terms of the holomorphic one cancel.
    const cancels = (x: number) => (name === 'holomorphic-hard-sigmoid' ? 1 + Math.abs(x) : 1);

    it('has the values and slopes of the catalogue, to a few roundings', () => {
      fc.assert(
        fc.property(many(fc.oneof(between(-3, 3), between(-30, 30))), (given) => {
          const { values, slopes } = at(stage, name, given);
          const largest = (worst: number, error: number) => Math.max(worst, error);
          const valueError = given
            .map((x, k) => Math.abs(values[k] - activation.value(x)) / (cancels(x) * Math.max(1, activation.value(x))))
            .reduce(largest, 0);
          const slopeError = given
            .map((x, k) => Math.abs(slopes[k] - activation.slope(x)) / cancels(x))
            .reduce(largest, 0);
          expect(valueError).toBeLessThanOrEqual(8 * rounding);
          expect(slopeError).toBeLessThanOrEqual(24 * rounding);
        }),
        { numRuns: 50 },
      );
    });

    it('rises and falls as the catalogue does, at its ends too', () => {
      if (name === 'holomorphic-hard-sigmoid') return;
      const far = [50, 88, 89, 100, 104, 1e3, 1e10, 1e38, Number.POSITIVE_INFINITY].map(Math.fround);
      const given = [...far, ...far.map((x) => -x)];
      const { values, slopes } = at(stage, name, given);
      given.forEach((x, k) => {
        const wanted = activation.value(x);
        if (Number.isFinite(wanted))
          expect(Math.abs(values[k] - wanted)).toBeLessThanOrEqual(4 * rounding * Math.max(1, wanted));
        else expect(values[k]).toBe(wanted);
        expect(values[k]).toBeGreaterThanOrEqual(activation.lowest);
        expect(values[k]).toBeLessThanOrEqual(activation.highest);
        expect(Math.abs(slopes[k] - activation.slope(x))).toBeLessThanOrEqual(8 * rounding);
      });
    });

    it('is NaN at NaN', () => {
      expect(at(stage, name, [Number.NaN]).values).toEqual([Number.NaN]);
    });

    if (!isClipped) return;
    it('has its values and slopes exactly, at the corners and beside them', () => {
      const corner = activation.highest / activation.steepest;
      const step = corner * 2 ** -22;
      const given = [-1, -1e-30, -1e-40, -0, 0, 1e-40, 1e-30, corner / 2, corner - step, corner, corner + step, 40].map(
        Math.fround,
      );
      const { values, slopes } = at(stage, name, given);
      expect(values.map((value) => value + 0)).toEqual(given.map((x) => Math.fround(activation.value(x)) + 0));
      expect(slopes).toEqual(given.map(activation.slope));
    });
  });

  it('keeps the relative accuracy of tanh near zero, where it is its argument', () => {
    const exponent = fc.tuple(fc.integer({ min: -30, max: -1 }), between(1, 10), fc.constantFrom(1, -1));
    const tiny = exponent.map(([power, digits, sign]) => Math.fround(sign * digits * 10 ** power));
    fc.assert(
      fc.property(many(tiny), (given) => {
        const { values } = at(stage, 'tanh', given);
        const errors = given.map((x, k) => Math.abs(values[k] / Math.tanh(x) - 1));
        expect(Math.max(...errors)).toBeLessThanOrEqual(16 * rounding);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps the sign of tanh, and its oddness bit by bit', () => {
    fc.assert(
      fc.property(many(between(-20, 20)), (given) => {
        const there = at(stage, 'tanh', given).values;
        const back = at(
          stage,
          'tanh',
          given.map((x) => -x),
        ).values;
        expect(back.map((value) => 0 - value)).toEqual(there.map((value) => value + 0));
      }),
      { numRuns: 20 },
    );
  });
});
