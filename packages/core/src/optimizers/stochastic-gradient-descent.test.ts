import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equilibriumPropagation } from '../estimators/equilibrium-propagation.ts';
import type { NetworkKernels, ParameterValues } from '../kernels/kernel-set.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { prototypical } from '../models/prototypical.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { stochasticGradientDescent } from './stochastic-gradient-descent.ts';

const SAMPLES = 3;
const MODEL = prototypical({ layerSizes: [2, 3, 2], activation: 'tanh', nudge: 'inside' });
const ESTIMATOR = equilibriumPropagation({
  nudging: { kind: 'centred', beta: 0.2 },
  freeSteps: 40,
  nudgedSteps: 40,
});
const PARAMETERS: ParameterValues = {
  weights: [Float64Array.of(0.3, -0.2, 0.1, 0.2, 0.4, -0.3), Float64Array.of(0.2, 0.1, -0.4, 0.3, 0.2, 0.1)],
  biases: [Float64Array.of(0.1, 0, -0.1), Float64Array.of(0.05, -0.05)],
};

/** A batch of `copies` times the same three samples, settled and ready for an update. */
function estimated(copies = 1) {
  const kernels = referenceKernels.build(MODEL.network, SAMPLES * copies, openArena(createArenaMemory(0)));
  for (let copy = 0; copy < copies; copy++) {
    kernels.inputs.set([0.5, -0.5, 1, 0.2, -0.3, 0.8], copy * SAMPLES * 2);
    kernels.labels.set([1, 0, 0, 1, 1, 0], copy * SAMPLES * 2);
  }
  kernels.writeParameters(PARAMETERS);
  kernels.clamp(SAMPLES * copies);
  const estimate = ESTIMATOR.estimate(kernels, 1);
  if (estimate.kind !== 'estimated') throw new Error(`no estimate: ${estimate.kind}`);
  return { kernels, contrast: estimate.contrast };
}

/** What an update did, matrix by matrix with the biases above it. */
function changes(kernels: NetworkKernels): number[][] {
  const { weights, biases } = kernels.readParameters();
  return weights.map((values, k) => [
    ...values.map((value, i) => value - PARAMETERS.weights[k][i]),
    ...biases[k].map((value, i) => value - PARAMETERS.biases[k][i]),
  ]);
}

function update(learningRates: readonly number[], copies = 1): number[][] {
  const { kernels, contrast } = estimated(copies);
  stochasticGradientDescent(learningRates).update(kernels, contrast, SAMPLES * copies);
  return changes(kernels);
}

function costOf(kernels: NetworkKernels): number {
  kernels.clamp(SAMPLES);
  kernels.settle({ beta: 0, steps: 60, from: 'zeros', into: 'free' });
  return kernels.readStates('free', 2).reduce((sum, output, i) => sum + (kernels.labels[i] - output) ** 2 / 2, 0);
}

const rates = fc.double({ min: 0, max: 0.5, noNaN: true });

describe('stochastic gradient descent', () => {
  it('lowers the cost of the batch for every small enough rate', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 0.3, noNaN: true }), (rate) => {
        const { kernels, contrast } = estimated();
        const before = costOf(kernels);
        stochasticGradientDescent([rate, rate]).update(kernels, contrast, SAMPLES);
        expect(costOf(kernels)).toBeLessThan(before);
      }),
    );
  });

  it('moves every matrix, with the biases above it, in proportion to its own rate', () => {
    const unit = update([1, 1]);
    fc.assert(
      fc.property(rates, rates, (below, above) => {
        update([below, above]).forEach((change, k) => {
          change.forEach((value, i) => {
            expect(value).toBeCloseTo(unit[k][i] * [below, above][k], 13);
          });
        });
      }),
    );
    for (const change of unit) expect(change.every((value) => value !== 0)).toBe(true);
  });

  it('averages over the batch: the same samples twice move as far as once', () => {
    const once = update([0.3, 0.1]);
    update([0.3, 0.1], 2).forEach((change, k) => {
      change.forEach((value, i) => {
        expect(value).toBeCloseTo(once[k][i], 13);
      });
    });
  });

  it('moves a layer of rate zero by nothing at all', () => {
    const [still, moving] = update([0, 0.5]);
    expect(still.every((value) => value === 0)).toBe(true);
    expect(moving.every((value) => value !== 0)).toBe(true);
  });

  it.each([-0.1, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d as a rate with RangeError', (rate) => {
    expect(() => stochasticGradientDescent([0.1, rate])).toThrow(RangeError);
  });
});
