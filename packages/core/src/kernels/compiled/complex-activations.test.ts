/** Activations in the complex plane, on every engine that goes there: the continuations of the catalogue, to a few roundings. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ACTIVATION_NAMES, activationNamed } from '../../activations/catalogue.ts';
import type { Complex } from '../../tensor/complex.ts';
import { ENGINES } from '../testing/every-engine.ts';
import { updateMapComplex } from './complex-operations.ts';
import { runsComplexOperations } from './complex-states.ts';
import { precisionOf } from './testing/judgement.ts';
import { plainEngine } from './testing/plain-engine.ts';
import { createScene, GUARD } from './testing/scene.ts';
import { openStage, type Stage } from './testing/stage.ts';
import { ENGINE_ACTIVATIONS } from './testing/unit-cases.ts';

const ON_EVERY = [plainEngine('float32'), ...ENGINES].filter(runsComplexOperations).map((engine) => ({
  title: `${engine.name}, ${engine.elementType}`,
  stage: openStage(engine),
}));
afterAll(() => {
  for (const { stage } of ON_EVERY) stage.close();
});

const COLUMNS = 64;
const HOLOMORPHIC = ACTIVATION_NAMES.flatMap((name) => {
  const { continuation } = activationNamed(name);
  return continuation === undefined ? [] : [{ name, continuation }];
});
type Holomorphic = (typeof HOLOMORPHIC)[number];

/** σ(z) at every argument; at most COLUMNS of them. */
function at(stage: Stage, name: Holomorphic['name'], given: readonly Complex[]): Complex[] {
  const scene = createScene({ seed: 0, guard: Number.NaN, specials: [] });
  const row = (draw: (k: number) => number, written = 0) => scene.vector(COLUMNS, { draw: (_, k) => draw(k), written });
  const state = [row(() => 0, COLUMNS), row(() => 0, COLUMNS)];
  const drive = [row((k) => given[k]?.re ?? 0), row((k) => given[k]?.im ?? 0)];
  const rates = row(() => 1);
  const { values } = stage.perform(scene, {
    rows: 1,
    steps: 1,
    step: (laid) => [
      updateMapComplex({
        state: { re: laid.rows(state[0]), im: laid.rows(state[1]) },
        drive: { re: laid.rows(drive[0]), im: laid.rows(drive[1]) },
        nudge: undefined,
        rates: laid.at(rates),
        columns: COLUMNS,
        activation: ENGINE_ACTIVATIONS[name],
        layer: 1,
        nudgeInside: true,
      }),
    ],
  });
  const [re, im] = state.map((tensor) => [...(values.get(tensor) ?? [])].slice(GUARD, GUARD + given.length));
  return re.map((x, k) => ({ re: x, im: im[k] }));
}

const between = (low: number, high: number) =>
  fc.integer({ min: 0, max: 2 ** 30 }).map((k) => Math.fround(low + ((high - low) * k) / 2 ** 30));
const points = (re: fc.Arbitrary<number>, im: fc.Arbitrary<number>) =>
  fc.array(fc.record({ re, im }), { minLength: COLUMNS, maxLength: COLUMNS });
const apart = (one: Complex, other: Complex) => Math.hypot(one.re - other.re, one.im - other.im);

/** The size of σ(z), or of terms that cancel in it, and how far a share of z moves it: what a rounding of either is worth. */
function sensitivity({ name, continuation }: Holomorphic, { re, im }: Complex): number {
  const value = { re: 0, im: 0 };
  continuation(re, im, value);
  const share = 1e-6;
  const [scale, moved] = [Math.max(1, Math.hypot(re, im)), { re: 0, im: 0 }];
  continuation(re + share * scale, im, moved);
  const terms = name === 'holomorphic-hard-sigmoid' ? Math.hypot(re, im) : 0;
  return Math.max(1, terms, Math.hypot(value.re, value.im), apart(value, moved) / share);
}

describe.each(ON_EVERY)('engine $title', ({ stage }) => {
  const { rounding } = precisionOf(stage.engine.elementType);

  it.each(HOLOMORPHIC)('continues $name as the catalogue does', (activation) => {
    const law = (given: readonly Complex[]) => {
      const seen = at(stage, activation.name, given);
      const errors = given.map((z, k) => {
        const exact = { re: 0, im: 0 };
        activation.continuation(z.re, z.im, exact);
        return apart(seen[k], exact) / sensitivity(activation, z);
      });
      expect(Math.max(...errors)).toBeLessThanOrEqual(16 * rounding);
    };
    const re = fc.oneof(between(-3, 3), between(-30, 30));
    fc.assert(fc.property(points(re, fc.oneof(between(-1, 1), between(-9, 9), between(-900, 900))), law), {
      numRuns: 100,
    });
  });

  it.each(HOLOMORPHIC)('conjugates $name with its argument, bit by bit', ({ name }) => {
    const law = (given: readonly Complex[]) => {
      const there = at(stage, name, given);
      const back = at(
        stage,
        name,
        given.map(({ re, im }) => ({ re, im: -im })),
      );
      expect(back.map(({ re, im }) => ({ re, im: 0 - im }))).toEqual(there.map(({ re, im }) => ({ re, im: im + 0 })));
    };
    fc.assert(fc.property(points(between(-20, 20), between(-20, 20)), law), { numRuns: 20 });
  });

  it.each(HOLOMORPHIC)('keeps $name finite far up, and lets NaN through', ({ name }) => {
    const far = [1e5, 1e8, 1e12, 1e30].map((im) => ({ re: 1.5, im: Math.fround(im) }));
    for (const { re, im } of at(stage, name, far)) expect(Number.isFinite(re) && Number.isFinite(im)).toBe(true);
    const notNumbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((im) => ({ re: 0.5, im }));
    for (const { im } of at(stage, name, notNumbers)) expect(Number.isFinite(im)).toBe(false);
    for (const { re } of at(stage, name, [{ re: Number.NaN, im: 0.5 }])) expect(re).toBeNaN();
  });
});
