/** Which epoch is the best, and when does training end early? By validation, never by the test data. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epRecipe } from '../recipes/ep.ts';
import { methodFrom } from '../recipes/method.ts';
import { chain, descent, glorot, POINTS, settling } from '../recipes/testing/every-recipe.ts';
import { decodeCheckpoint } from './checkpoint.ts';
import type { EpochMetrics, TrainingEvent } from './events.ts';
import { data, epochMetrics, lastCheckpoint, type RunOptions, run, setsFor } from './testing/sessions.ts';

const method = methodFrom(
  epRecipe({
    network: chain(POINTS, [10], 'hard-sigmoid'),
    settling: settling(12, 5),
    optimizer: descent([0.4, 0.2]),
    initialization: glorot,
    stepSize: 0.5,
    nudging: 'random-sign',
    beta: 0.5,
  }),
);
const kernelSet = setsFor(method).at(-1);
const EPOCHS = 14;

/** Few samples, so that accuracies tie often and go up and down. */
const options: RunOptions = {
  method,
  ...(kernelSet && { kernelSet }),
  train: data('blobs', 60),
  validation: data('blobs', 10, 'test'),
  epochs: EPOCHS,
  checkpointEveryEpochs: EPOCHS,
};

const validationOf = ({ validation }: EpochMetrics) => {
  if (validation === undefined) throw new Error('there are validation data');
  return validation;
};

/** Whether each epoch is better than all before it, by accuracy and then by cost. */
function recordsAmong(metrics: readonly EpochMetrics[]): readonly boolean[] {
  return metrics.map((one, at) =>
    metrics.slice(0, at).every((earlier) => {
      const [a, b] = [validationOf(one), validationOf(earlier)];
      return a.accuracy > b.accuracy || (a.accuracy === b.accuracy && a.cost < b.cost);
    }),
  );
}

/** The epoch after which `patience` epochs have not improved on the last improvement by more than `least`; else all. */
function endOf(metrics: readonly EpochMetrics[], patience: number, least: number): number {
  let reference = 0;
  for (let at = 1; at < metrics.length; at++) {
    const [now, then] = [validationOf(metrics[at]), validationOf(metrics[reference])];
    const gain = now.accuracy - then.accuracy;
    if (gain > least || (least === 0 && gain === 0 && now.cost < then.cost)) reference = at;
    if (at - reference >= patience) return at + 1;
  }
  return metrics.length;
}

const checkpointsAmong = (events: readonly TrainingEvent[]) =>
  events.flatMap((event) => (event.kind === 'checkpoint' ? [event] : []));

describe('the best checkpoint', () => {
  it('is one for each epoch that no earlier one matched, by validation accuracy and then cost', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1_000 }), (seed) => {
        const { events, outcome } = run({ ...options, seed });
        const metrics = epochMetrics(events);
        const records = recordsAmong(metrics);
        expect(checkpointsAmong(events).map(({ epoch, isBest }) => ({ epoch, isBest }))).toEqual(
          records.flatMap((isBest, at) => (isBest || at + 1 === EPOCHS ? [{ epoch: at + 1, isBest }] : [])),
        );
        const best = records.lastIndexOf(true);
        expect(outcome).toEqual({
          kind: 'completed',
          metrics: metrics[EPOCHS - 1],
          best: {
            epoch: best + 1,
            validationAccuracy: validationOf(metrics[best]).accuracy,
            validationCost: validationOf(metrics[best]).cost,
            testAccuracy: metrics[best].testAccuracy,
          },
          endedEarly: false,
        });
        if (outcome.kind === 'completed') expect(lastCheckpoint(events).position.best).toEqual(outcome.best);
      }),
      { numRuns: 12 },
    );
  });

  it('does not depend on the test data, and neither does any weight', () => {
    const { events } = run(options);
    const test = data('blobs', 20, 'test');
    const other = run({ ...options, test: { ...test, labels: test.labels.map((label) => 3 - label) } });
    expect(epochMetrics(other.events).map(({ testAccuracy }) => testAccuracy)).not.toEqual(
      epochMetrics(events).map(({ testAccuracy }) => testAccuracy),
    );
    const told = (from: readonly TrainingEvent[]) =>
      checkpointsAmong(from).map(({ epoch, isBest, file }) => ({
        epoch,
        isBest,
        parameters: decodeCheckpoint(file).parameters,
      }));
    expect(told(other.events)).toEqual(told(events));
  });

  it('is none without validation data', () => {
    const { events, outcome } = run({ ...options, validation: undefined });
    expect(checkpointsAmong(events).map(({ epoch, isBest }) => ({ epoch, isBest }))).toEqual([
      { epoch: EPOCHS, isBest: false },
    ]);
    expect(outcome).toMatchObject({ kind: 'completed', best: undefined, endedEarly: false });
  });

  it('may be better than the last improvement by less than early stopping asks for', () => {
    const patient = { ...options, earlyStopping: { patienceEpochs: EPOCHS, leastImprovement: 0.95 } };
    const { events } = run(patient);
    const { best, improved } = lastCheckpoint(events).position;
    expect(improved?.epoch).toBe(1);
    expect(best?.epoch).toBe(recordsAmong(epochMetrics(events)).lastIndexOf(true) + 1);
    expect(best?.epoch).toBeGreaterThan(1);
  });
});

describe('early stopping', () => {
  it('ends after the epoch with which patience runs out, with a checkpoint of it, and changes nothing before', () => {
    const patience = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(
        fc.nat({ max: 1_000 }),
        patience,
        fc.constantFrom(0, 0.1, 0.25),
        (seed, patienceEpochs, leastImprovement) => {
          const whole = epochMetrics(run({ ...options, seed }).events);
          const { events, outcome } = run({ ...options, seed, earlyStopping: { patienceEpochs, leastImprovement } });
          const end = endOf(whole, patienceEpochs, leastImprovement);
          expect(epochMetrics(events)).toEqual(whole.slice(0, end));
          expect(events.at(-1)).toMatchObject({ kind: 'checkpoint', epoch: end });
          expect(outcome).toMatchObject({ kind: 'completed', endedEarly: end < EPOCHS, metrics: whole[end - 1] });
        },
      ),
      { numRuns: 20 },
    );
  });

  it('that falls together with the last epoch ends nothing early', () => {
    const frozen = methodFrom({ ...method.description, optimizer: descent([0, 0]) });
    const earlyStopping = { patienceEpochs: 3, leastImprovement: 0 };
    const atEnd = run({ ...options, method: frozen, epochs: 4, earlyStopping });
    expect(atEnd.outcome).toMatchObject({ endedEarly: false, best: { epoch: 1 } });
    const before = run({ ...options, method: frozen, epochs: 5, earlyStopping });
    expect(before.outcome).toMatchObject({ endedEarly: true, best: { epoch: 1 } });
    expect(epochMetrics(before.events)).toHaveLength(4);
  });
});

describe('validation data', () => {
  it('move no weight: other ones give the same parameters after every epoch', () => {
    const every = { ...options, checkpointEveryEpochs: 1, epochs: 4 };
    const parameters = (of: RunOptions) =>
      checkpointsAmong(run(of).events).map(({ file }) => decodeCheckpoint(file).parameters);
    const usual = parameters(every);
    expect(usual).toHaveLength(4);
    expect(parameters({ ...every, validation: data('blobs', 3) })).toEqual(usual);
    expect(parameters({ ...every, validation: undefined })).toEqual(usual);
  });
});
