/** Accuracy, cost and recall against a count of the test's own; what evaluation looks at, and what not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../datasets/dataset.ts';
import { presentationsOf } from '../datasets/presentation.ts';
import { FREE } from '../estimators/gradient-estimator.ts';
import type { KernelSet } from '../kernels/kernel-set.ts';
import { initialParameters } from '../models/initialization.ts';
import { epRecipe } from '../recipes/ep.ts';
import { methodFrom, workspaceOf } from '../recipes/method.ts';
import { chain, descent, glorot, POINTS, settling } from '../recipes/testing/every-recipe.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { controlBlock } from '../tensor/control-block.ts';
import { randomStream } from '../tensor/random.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import { data, setsFor } from './testing/sessions.ts';

const methodOf = (readout: 'squared-error' | 'softmax-cross-entropy') =>
  methodFrom(
    epRecipe({
      network: { ...chain(POINTS, [7], 'hard-sigmoid'), readout },
      settling: settling(12, 3),
      optimizer: descent([0.2, 0.1]),
      initialization: glorot,
      stepSize: 0.4,
      nudging: 'one-sided',
      beta: 0.5,
    }),
  );

const DATA = data('blobs', 40);

const CASES = (['squared-error', 'softmax-cross-entropy'] as const).flatMap((readout) => {
  const method = methodOf(readout);
  return setsFor(method).map((kernelSet) => ({
    title: `${readout} on ${kernelSet.name} kernels`,
    method,
    kernelSet,
    readout,
  }));
});

function evaluated(evaluation: Evaluation) {
  if (evaluation.kind !== 'evaluated') throw new Error(`ended as ${evaluation.kind}`);
  return evaluation;
}

describe.each(CASES)('$title', ({ method, kernelSet, readout }) => {
  const { network } = method.model;
  const build = (capacity: number, set: KernelSet = kernelSet) => {
    const workspace = workspaceOf(method, capacity);
    const memory = createArenaMemory(set.predictBytes(network, workspace));
    const kernels = set.build(network, workspace, openArena(memory));
    kernels.writeParameters(initialParameters(glorot, network, randomStream(9, 'init')));
    return { kernels, control: controlBlock(memory) };
  };
  const scoreOf = (dataset: Dataset, capacity: number) =>
    evaluated(evaluate(build(capacity).kernels, method.estimator, dataset, undefined));

  it('counts what the outputs of single samples say', () => {
    const { kernels } = build(1);
    let cost = 0;
    const right = [0, 0, 0, 0];
    for (let sample = 0; sample < 40; sample++) {
      for (let i = 0; i < 8; i++) kernels.inputs[i] = DATA.inputs[sample * 8 + i] / 255;
      kernels.clamp(1);
      method.estimator.settleFreely(kernels, 'zeros', 1);
      const outputs = [...kernels.readStates(FREE, 2)];
      const label = sample % 4;
      cost +=
        readout === 'squared-error'
          ? outputs.reduce((sum, o, unit) => sum + ((unit === label ? 1 : 0) - o) ** 2 / 2, 0)
          : -Math.log(outputs[label]);
      if (readout === 'softmax-cross-entropy') expect(outputs.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
      if (outputs.indexOf(Math.max(...outputs)) === label) right[label]++;
    }
    const score = scoreOf(DATA, 16);
    expect(score.cost).toBeCloseTo(cost / 40, 6);
    expect(score.accuracy).toBe(right.reduce((sum, count) => sum + count, 0) / 40);
    expect(score.recall).toEqual(right.map((count) => count / 10));
  });

  it('does not depend on the batch size', () => {
    const alone = scoreOf(DATA, 1);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 50 }), (capacity) => {
        const together = scoreOf(DATA, capacity);
        expect({ ...together, cost: 0 }).toEqual({ ...alone, cost: 0 });
        // The same addends in another order of brackets.
        expect(together.cost).toBeCloseTo(alone.cost, 10);
      }),
      { numRuns: 12 },
    );
  });

  it('has recalls whose mean, weighted by the size of classes, is the accuracy, and none for a class without samples', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 40, max: 2 }), (labels) => {
        const { recall, accuracy } = scoreOf({ ...DATA, labels }, 16);
        const sizes = [0, 1, 2, 3].map((label) => labels.filter((one) => one === label).length);
        expect(recall.map(Number.isNaN)).toEqual(sizes.map((size) => size === 0));
        const mean =
          recall.reduce((sum, share, label) => sum + (sizes[label] === 0 ? 0 : share * sizes[label]), 0) / 40;
        expect(mean).toBeCloseTo(accuracy, 12);
      }),
      { numRuns: 12 },
    );
  });

  it('does not look at the labels: other labels change the score and no state', () => {
    const { kernels } = build(40);
    evaluate(kernels, method.estimator, DATA, undefined);
    const states = [1, 2].map((layer) => kernels.readStates(FREE, layer));
    evaluate(kernels, method.estimator, { ...DATA, labels: DATA.labels.map((label) => 3 - label) }, undefined);
    expect([1, 2].map((layer) => kernels.readStates(FREE, layer))).toEqual(states);
  });

  it('shows samples as it is told to', () => {
    const normalization = { kind: 'per-channel', deviationScale: 1 } as const;
    const { test } = presentationsOf({ normalization }, DATA, 1);
    const shown = evaluated(evaluate(build(16).kernels, method.estimator, DATA, test));
    expect(shown.cost).not.toBe(scoreOf(DATA, 16).cost);
  });

  it('moves no parameter', () => {
    const { kernels } = build(16);
    const before = kernels.readParameters();
    evaluate(kernels, method.estimator, DATA, undefined);
    expect(kernels.readParameters()).toEqual(before);
  });

  it('stops when asked to, and says where a state is not finite', () => {
    const { kernels, control } = build(4);
    const broken = { ...DATA, inputs: new Uint8Array(40 * 8), inputScale: Number.POSITIVE_INFINITY };
    expect(evaluate(kernels, method.estimator, broken, undefined)).toEqual({ kind: 'not-finite', layer: 1, step: 1 });
    control.requestStop('cancel');
    expect(evaluate(kernels, method.estimator, DATA, undefined)).toEqual({ kind: 'stopped' });
  });
});
