/** Does every recipe learn? On generated data that are easy, with settings that lie beside this file in testing/. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeCheckpoint } from '../training/checkpoint.ts';
import { data, epochMetrics, lastCheckpoint, run, setsFor, stoppedFile } from '../training/testing/sessions.ts';
import { EVERY_RECIPE } from './testing/every-recipe.ts';

const SEEDS = [1, 2];

/** The names under which the files of this folder build their methods. */
function namesInFolder(): readonly string[] {
  return readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .flatMap(
      (file) => /^ {4}recipe: '([^']+)',$/m.exec(readFileSync(`${import.meta.dirname}/${file}`, 'utf8'))?.[1] ?? [],
    );
}

it('the table of methods has every recipe of this folder', () => {
  const names = namesInFolder();
  expect(names).toHaveLength(16);
  expect(EVERY_RECIPE.map(({ recipe }) => recipe).toSorted()).toEqual([...names].sort());
});

describe.each(EVERY_RECIPE)('$recipe', ({ method, on, preparation, epochs }) => {
  // The last is the fastest; that sets agree is for ../kernels/conformance.test.ts.
  const kernelSet = setsFor(method).at(-1);
  const problem = {
    method,
    train: data(on, 160),
    test: data(on, 80, 'test'),
    preparation,
    ...(kernelSet && { kernelSet }),
  };

  it.each(SEEDS)(
    'learns from seed %i: its cost falls, and unseen samples are told apart far better than by chance',
    (seed) => {
      const { events, outcome } = run({ ...problem, epochs, seed });
      expect(outcome.kind).toBe('completed');
      const metrics = epochMetrics(events);
      const first = metrics[0];
      const last = metrics[metrics.length - 1];
      expect(last.trainCost).toBeLessThan(0.6 * first.trainCost);
      // Chance is 1/4.
      expect(last.trainAccuracy).toBeGreaterThan(0.7);
      expect(last.testAccuracy).toBeGreaterThan(0.7);
    },
  );

  it('moves every parameter that has a rate, and no other', () => {
    // Where a training stands that is stopped before it has begun.
    const before = decodeCheckpoint(stoppedFile(run({ ...problem, stopAfter: 0 }).outcome)).parameters;
    const after = lastCheckpoint(run({ ...problem, epochs: 1 }).events).parameters;
    const { rule, learningRates } = method.description.optimizer;
    for (const kind of ['weights', 'biases', 'feedback'] as const) {
      after[kind].forEach((values, k) => {
        const learns = rule.kind === 'binary-flip' && kind === 'weights' ? true : learningRates[kind][k] > 0;
        const hasMoved = values.some((value, i) => value !== before[kind][k][i]);
        expect({ kind, k, hasMoved }).toEqual({ kind, k, hasMoved: learns && values.length > 0 });
      });
    }
  });
});
