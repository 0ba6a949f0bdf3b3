/** What training reports, and what it hands to estimators and optimizers. Its resumption: ./resumption.test.ts. */
import { describe, expect, it } from 'vitest';
import type { NetworkKernels } from '../kernels/kernel-set.ts';
import type { UpdateContext } from '../optimizers/optimizer.ts';
import { type Method, methodFrom, workspaceOf } from '../recipes/method.ts';
import type { MethodDescription } from '../recipes/method-description.ts';
import { descent, EVERY_RECIPE } from '../recipes/testing/every-recipe.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { decodeCheckpoint } from './checkpoint.ts';
import { evaluate } from './evaluate.ts';
import type { TrainingEvent } from './events.ts';
import {
  BATCHES,
  data,
  epochMetrics,
  isSameFile,
  lastFile,
  type RunOptions,
  run,
  setsFor,
  stoppedFile,
} from './testing/sessions.ts';

function caseOf(recipe: string) {
  const found = EVERY_RECIPE.find((one) => one.recipe === recipe);
  if (found === undefined) throw new Error(`no recipe ${recipe}`);
  return found;
}

const EP = caseOf('ep').method;

const changed = (method: Method, change: Partial<MethodDescription>) =>
  methodFrom({ ...method.description, ...change });

const batchesAmong = (events: readonly TrainingEvent[]) =>
  events.flatMap((event) => (event.kind === 'batch' ? [event] : []));

describe.each(setsFor(EP))('training on $name kernels', (kernelSet) => {
  const runOn = (options: Partial<RunOptions> = {}) => run({ method: EP, kernelSet, ...options });

  it('is the same to the last bit for the same seed, and different for another', () => {
    const first = runOn();
    expect(runOn().events).toEqual(first.events);
    const other = runOn({ seed: 2 });
    expect(isSameFile(lastFile(other.events), lastFile(first.events))).toBe(false);
    expect(epochMetrics(other.events)).not.toEqual(epochMetrics(first.events));
  });

  it('reports every batch in order, one beat each, an epoch after its batches, and a checkpoint after it', () => {
    const { events, beats } = runOn();
    const epoch = ['batch', 'batch', 'batch', 'epoch', 'checkpoint'];
    expect(events.map(({ kind }) => kind)).toEqual([...epoch, ...epoch]);
    expect(events.map(({ step }) => step)).toEqual([1, 2, 3, 3, 3, 4, 5, 6, 6, 6]);
    expect(events.map((event) => event.epoch)).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
    expect(batchesAmong(events).map(({ samples }) => samples)).toEqual([16, 16, 8, 16, 16, 8]);
    expect(beats).toBe(2 * BATCHES);
  });

  it.each(['cancel', 'hand-back'] as const)('says that a request to %s stopped it, and where', (request) => {
    // Three events on, the stop falls into the evaluation; five on, into the first batch of the next epoch.
    for (const [stopAfter, step, epoch] of [
      [0, 0, 0],
      [2, 2, 0],
      [3, 3, 0],
      [5, 3, 1],
      [7, 5, 1],
    ] as const) {
      expect(runOn({ stopAfter, request }).outcome).toMatchObject({ kind: 'stopped', request, step, epoch });
    }
  });

  it('saves after every so many epochs, and after the last', () => {
    const saved = (checkpointEveryEpochs: number) =>
      runOn({ epochs: 5, checkpointEveryEpochs }).events.flatMap((event) =>
        event.kind === 'checkpoint' ? [event.epoch] : [],
      );
    expect(saved(1)).toEqual([1, 2, 3, 4, 5]);
    expect(saved(2)).toEqual([2, 4, 5]);
    expect(saved(9)).toEqual([5]);
  });

  it('has means over samples for an epoch, the last and smaller batch with its weight', () => {
    const { events } = runOn({ epochs: 3 });
    epochMetrics(events).forEach((metrics, at) => {
      const batches = batchesAmong(events).filter(({ epoch }) => epoch === at + 1);
      const cost = batches.reduce((sum, batch) => sum + batch.cost * batch.samples, 0) / 40;
      expect(metrics.trainCost).toBeCloseTo(cost, 12);
      const residuals = (kind: 'freeResidual' | 'nudgedResidual') =>
        batches.reduce((sum, batch) => sum + batch[kind], 0) / BATCHES;
      expect(metrics.freeResidual).toBeCloseTo(residuals('freeResidual'), 12);
      expect(metrics.nudgedResidual).toBeCloseTo(residuals('nudgedResidual'), 12);
      expect(metrics.freeSteps).toBe(EP.description.settling.freeSteps);
      expect(metrics.nudgedSteps).toBe(EP.description.settling.nudgedSteps);
    });
  });

  it('at rates of zero shows every sample once an epoch, in another order, at the cost that evaluation finds', () => {
    const method = changed(EP, { optimizer: descent([0, 0]) });
    const { events } = runOn({ method, epochs: 3 });
    const orders = [1, 2, 3].map((at) =>
      batchesAmong(events)
        .flatMap(({ epoch, cost }) => (epoch === at ? [cost] : []))
        .join(),
    );
    expect(new Set(orders).size).toBe(3);
    const workspace = workspaceOf(method, 40);
    const memory = createArenaMemory(kernelSet.predictBytes(method.model.network, workspace));
    const kernels = kernelSet.build(method.model.network, workspace, openArena(memory));
    kernels.writeParameters(decodeCheckpoint(lastFile(events)).parameters);
    const train = evaluate(kernels, method.estimator, data('blobs', 40), undefined);
    const test = evaluate(kernels, method.estimator, data('blobs', 20, 'test'), undefined);
    if (train.kind !== 'evaluated' || test.kind !== 'evaluated') throw new Error('nobody asked to stop');
    for (const metrics of epochMetrics(events)) {
      expect(metrics.trainCost).toBeCloseTo(train.cost, 10);
      expect(metrics.trainAccuracy).toBeCloseTo(train.accuracy, 12);
      expect(metrics.testCost).toBeCloseTo(test.cost, 10);
      expect(metrics).toMatchObject({ testAccuracy: test.accuracy, testRecall: test.recall, validation: undefined });
    }
  });

  it('takes cost and accuracy from before the update, so that the first epoch of one batch is that of the drawn weights', () => {
    // A read-out outside the dynamics changes with its weights at once, not only when states settle again.
    const readOut = ['ep', 'continual-ep', 'agnostic-ep'].map((recipe) => {
      const { method, on } = caseOf(recipe);
      return {
        on,
        method: changed(method, { network: { ...method.description.network, readout: 'softmax-cross-entropy' } }),
      };
    });
    const all = [...EVERY_RECIPE, ...readOut].filter(({ method }) => setsFor(method).includes(kernelSet));
    for (const { method, on } of all) {
      const frozen = changed(method, {
        optimizer: {
          ...method.description.optimizer,
          ...(method.description.optimizer.rule.kind === 'binary-flip'
            ? { rule: { ...method.description.optimizer.rule, thresholds: [1e30, 1e30] } }
            : { weightDecay: 0 }),
          learningRates: {
            weights: method.description.optimizer.learningRates.weights.map(() => 0),
            biases: method.description.optimizer.learningRates.biases.map(() => 0),
            feedback: method.description.optimizer.learningRates.feedback.map(() => 0),
          },
        },
      });
      const options = { kernelSet, on, batchSize: 40, epochs: 1 };
      const [moving] = epochMetrics(run({ ...options, method }).events);
      const [still] = epochMetrics(run({ ...options, method: frozen }).events);
      expect([method.description.recipe, moving.trainCost]).toEqual([method.description.recipe, still.trainCost]);
      expect(moving.trainAccuracy).toBe(still.trainAccuracy);
    }
  });
});

describe('an optimizer', () => {
  /** The method itself, with a note of what its optimizer is told. */
  function noting(method: Method) {
    const contexts: UpdateContext[] = [];
    const { optimizer } = method;
    const noted: Method = {
      ...method,
      optimizer: {
        ...optimizer,
        update(kernels, gradient, context) {
          contexts.push(context);
          optimizer.update(kernels, gradient, context);
        },
      },
    };
    return { noted, contexts };
  }

  it.each(['ep', 'continual-ep', 'agnostic-ep', 'backpropagation-through-time', 'forward-forward'])(
    'under %s is told the samples, the updates so far and the epochs so far, after a resumption too',
    (recipe) => {
      const { method, on } = caseOf(recipe);
      const perBatch = method.estimator.updatesPerBatch;
      const expected = Array.from({ length: 2 * BATCHES * perBatch }, (_, updates): UpdateContext => {
        const step = Math.floor(updates / perBatch);
        return {
          samples: step % BATCHES === 2 ? 8 : 16,
          updates,
          epochs: Math.floor(step / BATCHES) + (step % BATCHES) / BATCHES,
        };
      });
      const whole = noting(method);
      run({ method: whole.noted, on });
      expect(whole.contexts).toEqual(expected);
      const parts = noting(method);
      const { outcome } = run({ method: parts.noted, on, stopAfter: 2 });
      run({ method: parts.noted, on, resumeFrom: stoppedFile(outcome) });
      expect(parts.contexts).toEqual(expected);
    },
  );

  it('that warms up does not move at first, and one under a schedule moves less later', () => {
    const withSchedule = (schedule: MethodDescription['optimizer']['schedule']) =>
      changed(EP, { optimizer: { ...EP.description.optimizer, schedule } });
    /** ‖θ after − θ before‖ of the weights of the first connection, over batches or epochs. */
    const moves = (method: Method, stops: readonly number[]) => {
      const files = stops.map((stopAfter) =>
        stoppedFile(run({ method, stopAfter, epochs: 9, checkpointEveryEpochs: 99 }).outcome),
      );
      const weights = files.map((file) => decodeCheckpoint(file).parameters.weights[0]);
      return weights.slice(1).map((after, at) => Math.hypot(...after.map((w, i) => w - weights[at][i])));
    };
    const moved = moves(withSchedule({ kind: 'constant' }), [0, 1]);
    expect(moved[0]).toBeGreaterThan(0);
    // The second of three batches comes after a third of an epoch: a twelfth of four, all of a third.
    const slowly = moves(withSchedule({ kind: 'constant', warmUpEpochs: 4 }), [0, 1, 2]);
    const fast = moves(withSchedule({ kind: 'constant', warmUpEpochs: 1 / 3 }), [0, 1, 2]);
    expect([slowly[0], fast[0]]).toEqual([0, 0]);
    expect(fast[1]).toBeGreaterThan(0);
    expect(slowly[1]).toBeCloseTo(fast[1] / 12, 10);
    // Four events an epoch without checkpoints. A cosine of two epochs ends at its lowest, here 0.
    const cosine = moves(withSchedule({ kind: 'cosine', epochs: 2, lowest: 0 }), [0, 4, 8, 12]);
    expect(cosine[0]).toBeGreaterThan(0);
    expect(cosine[1]).toBeGreaterThan(0);
    expect(cosine[2]).toBe(0);
  });
});

describe('draws', () => {
  /** The sign and the first numbers of every batch's own stream, in the order of batches. */
  function drawsOf(options: Partial<RunOptions>) {
    const draws: { readonly sign: number; readonly numbers: string }[] = [];
    const { estimator } = EP;
    const method: Method = {
      ...EP,
      estimator: {
        ...estimator,
        estimate(kernels, draw, learn) {
          draws.push({ sign: draw.sign, numbers: [0, 1, 2].map((i) => draw.stream.uniform(i)).join() });
          return estimator.estimate(kernels, draw, learn);
        },
      },
    };
    const { outcome } = run({ method, epochs: 20, ...options });
    return { draws, outcome };
  }

  it('of signs fall on both sides, and of numbers are every batch its own', () => {
    const { draws } = drawsOf({});
    expect(draws).toHaveLength(20 * BATCHES);
    const positive = draws.filter(({ sign }) => sign === 1).length;
    // Five standard deviations around a half of 60.
    expect(Math.abs(positive - 30)).toBeLessThan(20);
    expect(new Set(draws.map(({ numbers }) => numbers)).size).toBe(draws.length);
  });

  it('depend on the seed and on nothing that happened before', () => {
    const { draws } = drawsOf({});
    expect(drawsOf({}).draws).toEqual(draws);
    expect(drawsOf({ seed: 2 }).draws).not.toEqual(draws);
    const first = drawsOf({ stopAfter: 7 });
    const second = drawsOf({ resumeFrom: stoppedFile(first.outcome) });
    // The batch that the stop fell into draws again, the same.
    expect([...first.draws.slice(0, -1), ...second.draws]).toEqual(draws);
  });

  /** By how much the wrong label shown to each sample is ahead of the right one, batch by batch. */
  function wrongLabels(options: Partial<RunOptions> = {}): readonly (readonly number[])[] {
    const { method, on } = caseOf('forward-forward');
    const shown: number[][] = [];
    const shownIn = ({ inputs }: NetworkKernels, samples: number) =>
      Array.from({ length: samples }, (_, row) => [...inputs.subarray(row * 36, row * 36 + 4)].indexOf(1));
    const [set] = setsFor(method);
    let samples = 0;
    run({
      method,
      on,
      epochs: 4,
      ...options,
      kernelSet: {
        ...set,
        build(network, workspace, arena) {
          const kernels = set.build(network, workspace, arena);
          return {
            ...kernels,
            clamp(count) {
              samples = count;
              kernels.clamp(count);
            },
            settle(phase) {
              shown.push(shownIn(kernels, samples));
              return kernels.settle(phase);
            },
          };
        },
      },
    });
    // Of the three sweeps of a batch the first shows right labels, the second wrong ones, the third and evaluation none.
    const labelled = shown.filter((labels) => !labels.includes(-1));
    expect(labelled).toHaveLength(2 * 4 * BATCHES);
    return labelled.flatMap((right, at) =>
      at % 2 === 0 ? [right.map((label, row) => (labelled[at + 1][row] - label + 4) % 4)] : [],
    );
  }

  it('of wrong labels are never right, reach every other class, differ from batch to batch, and come again', () => {
    const batches = wrongLabels();
    expect(new Set(batches.flat())).toEqual(new Set([1, 2, 3]));
    expect(new Set(batches.map((batch) => batch.join())).size).toBe(batches.length);
    expect(wrongLabels()).toEqual(batches);
    expect(wrongLabels({ seed: 2 })).not.toEqual(batches);
  });
});
