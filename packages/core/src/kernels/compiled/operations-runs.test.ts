/** Runs on every engine: how steps follow each other, when they end, and what a run says of itself. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ENGINES } from '../testing/every-engine.ts';
import type { Operation } from './operation.ts';
import { combineRows, copyRows, fillRows, updateMap } from './operations.ts';
import { differences, judged } from './testing/judgement.ts';
import { plainEngine } from './testing/plain-engine.ts';
import { createScene, GUARD, type Scene, type Tensor } from './testing/scene.ts';
import { settlingPair } from './testing/settling-pair.ts';
import { type Laid, type Outcome, openStage, type Run } from './testing/stage.ts';
import { ENGINE_ACTIVATIONS } from './testing/unit-cases.ts';
import { DONE, NOT_FINITE, STOPPED } from './words.ts';

const ON_EVERY = [plainEngine('float32'), ...ENGINES].map((engine) => ({
  title: `${engine.name}, ${engine.elementType}`,
  stage: openStage(engine),
}));
afterAll(() => {
  for (const { stage } of ON_EVERY) stage.close();
});

const BLOCKS = [undefined, 1, 2, 3, 5, 8, 16, 32] as const;
const cut = (blockRows: number | undefined) => (blockRows === undefined ? {} : { blockRows });
const blocks = fc.constantFrom(...BLOCKS);
const rowCounts = fc.constantFrom(1, 2, 3, 4, 5, 7, 9, 20);

/** A row whose state halves in every step: it changes by 2^−s in step s. `counter` counts. */
function halving(scene: Scene, rows: number) {
  const state = scene.rows({ rows, columns: 16, written: 16, draw: () => 1 });
  const drive = scene.rows({ rows, columns: 16, draw: () => 0 });
  const rates = scene.vector(16, { draw: () => 0.5 });
  const counter = scene.rows({ rows, columns: 16, written: 16, draw: () => 0 });
  const one = scene.vector(16, { draw: () => 1 });
  const finished = scene.rows({ rows, columns: 16, written: 16 });
  const count = (laid: Laid) =>
    combineRows([1, laid.rows(counter)], [1, { pointer: laid.at(one), stride: 0 }], laid.rows(counter), 16);
  return {
    counter,
    finished,
    state,
    step: (laid: Laid): Operation[] => [
      updateMap({
        state: laid.rows(state),
        drive: laid.rows(drive),
        nudge: undefined,
        rates: laid.at(rates),
        columns: 16,
        activation: ENGINE_ACTIVATIONS.identity,
        layer: 1,
        nudgeInside: true,
      }),
      count(laid),
    ],
    after: (laid: Laid): Operation[] => [copyRows(laid.rows(counter), laid.rows(finished), 16)],
  };
}

const scene = (seed = 1) => createScene({ seed, guard: 777, specials: [] });
const firstOf = (outcome: Outcome, tensor: Tensor, row = 0) =>
  outcome.values.get(tensor)?.[GUARD + row * tensor.stride];

describe.each(ON_EVERY)('engine $title', ({ stage }) => {
  it('settles layers step by step as the plain engine does', () => {
    fc.assert(
      fc.property(fc.nat(), rowCounts, fc.constantFrom(16, 64, 80), blocks, (seed, rows, columns, blockRows) => {
        const drawn = scene(seed);
        const { zero, step } = settlingPair(drawn, rows, columns);
        const run: Run = { rows, before: zero, step, steps: 6, ...cut(blockRows) };
        // Errors of a step go into the next; the weights are such that they do not grow much.
        const { outcome, expected, faults } = judged(stage, drawn, run, { roundings: 1_000, size: 8 });
        expect(faults).toEqual([]);
        expect([outcome.status, outcome.steps]).toEqual([DONE, 6]);
        expect(Math.abs(outcome.change - expected.change)).toBeLessThan(1e-3);
      }),
      { numRuns: 25 },
    );
  });

  it('does not change a bit by how rows are cut, over rows or over columns, with a tolerance or without', () => {
    fc.assert(
      fc.property(fc.nat(), rowCounts, fc.constantFrom(0, 0.02), (seed, rows, tolerance) => {
        const drawn = scene(seed);
        const { zero, step } = settlingPair(drawn, rows, 80);
        const outcomes = BLOCKS.map((blockRows) =>
          stage.perform(drawn, { rows, before: zero, step, steps: 12, tolerance, ...cut(blockRows) }),
        );
        for (const other of outcomes) {
          expect(differences(drawn, outcomes[0], other)).toEqual([]);
          expect({ ...other, values: undefined }).toEqual({ ...outcomes[0], values: undefined });
        }
      }),
      { numRuns: 20 },
    );
  });

  it('gives the same bits when it runs a second time', () => {
    const drawn = scene();
    const { zero, step } = settlingPair(drawn, 9, 144);
    for (const blockRows of [undefined, 2]) {
      const run: Run = { rows: 9, before: zero, step, steps: 5, ...cut(blockRows) };
      expect(differences(drawn, stage.perform(drawn, run), stage.perform(drawn, run))).toEqual([]);
    }
  });

  it('ends after the first step that changes less than the tolerance, but not before the least number of steps', () => {
    fc.assert(
      fc.property(
        rowCounts,
        blocks,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        (rows, blockRows, power, leastSteps, steps) => {
          const drawn = scene();
          const { counter, finished, step, after } = halving(drawn, rows);
          // Smaller than the change of step `power`, which hence is not the last; the next one's is half of it.
          const tolerance = 2 ** -power;
          const outcome = stage.perform(drawn, { rows, step, after, steps, leastSteps, tolerance, ...cut(blockRows) });
          const expected = Math.min(steps, Math.max(power + 1, leastSteps));
          expect([outcome.status, outcome.steps, outcome.change]).toEqual([DONE, expected, 2 ** -expected]);
          for (let row = 0; row < rows; row++) {
            expect([firstOf(outcome, counter, row), firstOf(outcome, finished, row)]).toEqual([expected, expected]);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('lets the slowest row of the batch decide, whatever block it is in', () => {
    fc.assert(
      fc.property(rowCounts, blocks, fc.nat({ max: 19 }), (rows, blockRows, slow) => {
        const drawn = scene();
        const { counter, state, step } = halving(drawn, rows);
        const slowRow = slow % rows;
        for (let row = 0; row < rows; row++) {
          if (row !== slowRow) state.values.fill(2 ** -10, GUARD + row * state.stride, GUARD + row * state.stride + 16);
        }
        const outcome = stage.perform(drawn, { rows, step, steps: 20, tolerance: 2 ** -8, ...cut(blockRows) });
        expect([outcome.status, outcome.steps, outcome.change]).toEqual([DONE, 9, 2 ** -9]);
        for (let row = 0; row < rows; row++) expect(firstOf(outcome, counter, row)).toBe(9);
      }),
      { numRuns: 40 },
    );
  });

  it('answers with the largest change of any row and layer where nothing ends it early', () => {
    fc.assert(
      fc.property(
        rowCounts,
        blocks,
        fc.nat({ max: 19 }),
        fc.integer({ min: 1, max: 6 }),
        (rows, blockRows, at, steps) => {
          const drawn = scene();
          const { state, step } = halving(drawn, rows);
          state.values[GUARD + (at % rows) * state.stride + 13] = -8;
          const outcome = stage.perform(drawn, { rows, step, steps, ...cut(blockRows) });
          expect([outcome.status, outcome.steps, outcome.change]).toEqual([DONE, steps, 8 * 2 ** -steps]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('does what comes before and after the steps once, also where there are none', () => {
    for (const blockRows of BLOCKS) {
      for (const steps of [0, 3]) {
        const drawn = scene();
        const { counter, finished, step, after } = halving(drawn, 9);
        const setUp = (laid: Laid) => [combineRows([1, laid.rows(counter)], [0, undefined], laid.rows(counter), 16)];
        const outcome = stage.perform(drawn, { rows: 9, before: setUp, step, after, steps, ...cut(blockRows) });
        expect([outcome.status, outcome.steps]).toEqual([DONE, steps]);
        for (let row = 0; row < 9; row++) expect(firstOf(outcome, finished, row)).toBe(steps);
      }
    }
  });

  it('takes no step when it was stopped before', () => {
    for (const blockRows of BLOCKS) {
      const drawn = scene();
      const { counter, step } = halving(drawn, 9);
      const stopWord = drawn.integers({ rows: 1, columns: 1, draw: () => 1 });
      const outcome = stage.perform(drawn, { rows: 9, step, steps: 4, stopWord, ...cut(blockRows) });
      expect(outcome.status).toBe(STOPPED);
      for (let row = 0; row < 9; row++) expect(firstOf(outcome, counter, row)).toBe(0);
    }
  });

  it('sees in mid-run that it is to stop, and goes on while it is not', () => {
    // The program itself asks to stop: it writes a number where the stop word is.
    for (const blockRows of [undefined, 16]) {
      const drawn = scene();
      const { counter, step } = halving(drawn, 3);
      const stopWord = drawn.rows({ rows: 3, columns: 16, written: 16, draw: () => 0 });
      const trigger = drawn.rows({ rows: 3, columns: 16, draw: () => 1 });
      const asking = (laid: Laid) => [...step(laid), copyRows(laid.rows(trigger), laid.rows(stopWord), 16)];
      const run: Run = { rows: 3, step: asking, steps: 50, stopWord, ...cut(blockRows) };
      // 1 has an empty low half as a float64.
      trigger.values.fill(Math.fround(1 / 3), GUARD, GUARD + 3 * trigger.stride);
      const outcome = stage.perform(drawn, run);
      expect(outcome.status).toBe(STOPPED);
      expect(firstOf(outcome, counter)).toBe(1);
      trigger.values.fill(0, GUARD, GUARD + 3 * trigger.stride);
      expect(stage.perform(drawn, run)).toMatchObject({ status: DONE, steps: 50 });
    }
  });

  it('says in which step and layer states first were not finite, of all rows and layers', () => {
    const place = fc.record({
      row: fc.nat({ max: 19 }),
      step: fc.integer({ min: 1, max: 5 }),
      layer: fc.constantFrom(1, 2),
    });
    fc.assert(
      fc.property(
        rowCounts,
        blocks,
        fc.array(place, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(0, 1e-30),
        (rows, blockRows, places, tolerance) => {
          const drawn = scene();
          // States are drives, which grow in every step until they are too large for the element type in the step asked for.
          const limit = stage.engine.elementType === 'float32' ? 128 : 1024;
          const layers = [1, 2].map((layer) => {
            const state = drawn.rows({ rows, columns: 16, written: 16, draw: () => 0 });
            const planted = drawn.rows({ rows, columns: 16, draw: () => 0 });
            const drive = drawn.rows({ rows, columns: 16, written: 16 });
            const rates = drawn.vector(16, { draw: () => 1 });
            return { layer, state, planted, drive, rates };
          });
          for (const { row, step, layer } of places) {
            const { planted } = layers[layer - 1];
            const at = GUARD + (row % rows) * planted.stride + ((row * 5) % 16);
            planted.values[at] = Math.max(planted.values[at], 2 ** (limit - 16 * step));
          }
          // An engine may make a run that broke once more, to see where.
          const before = (laid: Laid): Operation[] =>
            layers.flatMap(({ state, planted, drive }) => [
              fillRows(laid.rows(state), 16, 0),
              copyRows(laid.rows(planted), laid.rows(drive), 16),
            ]);
          const program = (laid: Laid): Operation[] =>
            layers.flatMap(({ layer, state, drive, rates }) => [
              combineRows([2 ** 16, laid.rows(drive)], [0, undefined], laid.rows(drive), 16),
              updateMap({
                state: laid.rows(state),
                drive: laid.rows(drive),
                nudge: undefined,
                rates: laid.at(rates),
                columns: 16,
                activation: ENGINE_ACTIVATIONS.identity,
                layer,
                nudgeInside: true,
              }),
            ]);
          const outcome = stage.perform(drawn, { rows, before, step: program, steps: 6, tolerance, ...cut(blockRows) });
          const first = Math.min(...places.map(({ step }) => step));
          const layer = Math.min(...places.filter(({ step }) => step === first).map((broken) => broken.layer));
          expect([outcome.status, outcome.brokenStep, outcome.brokenLayer]).toEqual([NOT_FINITE, first, layer]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('blames the last layer for a change that is not finite between states that are', () => {
    const largest = stage.engine.elementType === 'float32' ? 2 ** 127 : 2 ** 1023;
    for (const blockRows of BLOCKS) {
      const drawn = scene();
      const layers = [1, 4, 2].map((layer) => ({
        layer,
        state: drawn.rows({ rows: 3, columns: 16, written: 16 }),
        start: layer === 1 ? -largest : 0.5,
        drive: drawn.rows({ rows: 3, columns: 16, draw: () => (layer === 1 ? largest : 0.5) }),
        rates: drawn.vector(16, { draw: () => 1 }),
      }));
      const step = (laid: Laid) =>
        layers.map(({ layer, state, drive, rates }) =>
          updateMap({
            state: laid.rows(state),
            drive: laid.rows(drive),
            nudge: undefined,
            rates: laid.at(rates),
            columns: 16,
            activation: ENGINE_ACTIVATIONS.identity,
            layer,
            nudgeInside: true,
          }),
        );
      const before = (laid: Laid) => layers.map(({ state, start }) => fillRows(laid.rows(state), 16, start));
      const outcome = stage.perform(drawn, { rows: 3, before, step, steps: 1, ...cut(blockRows) });
      expect([outcome.status, outcome.brokenStep, outcome.brokenLayer]).toEqual([NOT_FINITE, 1, 4]);
    }
  });
});
