import { type JobSpec, RECIPE_NAMES, validateJob } from '@settle/contracts';
import { sessionBytes } from '@settle/core';
import { describe, expect, it } from 'vitest';
import { kernelsFor } from './kernels.ts';
import { methodOf } from './recipes.ts';

function specOf(body: object): JobSpec {
  const validation = validateJob({ dataset: { name: 'x' }, ...body }, 'unchecked');
  if (validation.kind === 'invalid') throw new Error(JSON.stringify(validation.faults));
  return validation.spec;
}

describe('methodOf', () => {
  it.each(RECIPE_NAMES)('builds %s from the defaults that a job gets, under its own name', (recipe) => {
    const spec = specOf({ recipe });
    const method = methodOf(spec);
    expect(method.description.recipe).toBe(recipe);
    expect(method.description.network.activation).toBe(spec.network.activation);
    const rates = method.description.optimizer.learningRates;
    expect(rates.biases).toHaveLength(spec.network.layers.length - 1);
    expect(sessionBytes(method, kernelsFor(method, spec, undefined), spec.training.batch_size)).toBeLessThan(
      500_000_000,
    );
  });

  it('gives core the method that jobs of the first two recipes have always had', () => {
    expect(methodOf(specOf({ recipe: 'ep' })).description).toEqual({
      recipe: 'ep',
      network: {
        input: [784, 1, 1],
        layers: [500, 10],
        skips: [],
        activation: 'hard-sigmoid',
        outputActivation: 'hard-sigmoid',
        readout: 'squared-error',
        feedback: 'symmetric',
      },
      model: { kind: 'deep-hopfield', stepSize: 0.5 },
      settling: {
        freeSchedule: 'synchronous',
        schedule: 'synchronous',
        freeSteps: 20,
        nudgedSteps: 4,
        tolerance: 0,
        initialStates: 'zeros',
      },
      estimator: { kind: 'equilibrium-propagation', nudging: 'random-sign', beta: 0.5 },
      optimizer: {
        rule: { kind: 'gradient-descent' },
        learningRates: { weights: [0.1, 0.05], biases: [0.1, 0.05], feedback: [] },
        weightDecay: 0,
        schedule: { kind: 'constant', warmUpEpochs: 0 },
        clipping: { kind: 'none' },
      },
      initialization: { name: 'glorot-uniform', gains: [], biasGain: 1, binary: false },
    });
    expect(methodOf(specOf({ recipe: 'prototypical-ep' })).description).toMatchObject({
      network: { layers: [512, 10], activation: 'logistic', outputActivation: 'logistic' },
      model: { kind: 'prototypical', stepSize: 1, nudge: 'outside' },
      settling: { freeSteps: 30, nudgedSteps: 10 },
      estimator: { kind: 'equilibrium-propagation', nudging: 'centred', beta: 0.1 },
      optimizer: { learningRates: { weights: [0.08, 0.04], biases: [0.08, 0.04] } },
      initialization: { name: 'fan-in-uniform' },
    });
  });

  it('carries every field of a network over, and gives biases the rate of the connection from nearest below', () => {
    const spec = specOf({
      recipe: 'convolutional-ep',
      network: {
        layers: [[3, 8, 8], { channels: 4, kernel: 3, padding: 1, stride: 2 }, { channels: 4, kernel: 1 }, 10],
        skips: [
          { from: 1, to: 3, kernel: 0 },
          { from: 0, to: 2, kernel: 1, stride: 2 },
        ],
        activation: 'logistic',
        output_activation: null,
        initialization: 'kaiming-normal',
        gains: [1, 2, 3, 4, 5],
        bias_gain: 0.5,
      },
      settling: {
        schedule: 'anderson',
        free_steps: 7,
        nudged_steps: 6,
        tolerance: 1e-3,
        initial_states: 'previous-batch',
        beta: 0.2,
        nudging: 'one-sided',
      },
      // In the order 0-1, 0-2, 1-2, 1-3, 2-3.
      training: { learning_rates: [0.1, 0.2, 0.3, 0.4, 0.5] },
    });
    expect(methodOf(spec).description).toMatchObject({
      network: {
        input: [3, 8, 8],
        layers: [
          { channels: 4, kernelSize: 3, stride: 2, padding: 1, pooling: null },
          { channels: 4, kernelSize: 1, stride: 1, padding: 0, pooling: null },
          10,
        ],
        skips: [
          { from: 1, to: 3, kernelSize: 0, stride: 1, padding: 0 },
          { from: 0, to: 2, kernelSize: 1, stride: 2, padding: 0 },
        ],
        outputActivation: 'logistic',
      },
      settling: {
        freeSchedule: 'anderson',
        schedule: 'anderson',
        freeSteps: 7,
        nudgedSteps: 6,
        tolerance: 1e-3,
        initialStates: 'previous-batch',
      },
      estimator: { nudging: 'one-sided', beta: 0.2 },
      optimizer: { learningRates: { weights: [0.1, 0.2, 0.3, 0.4, 0.5], biases: [0.1, 0.3, 0.5] } },
      initialization: { name: 'kaiming-normal', gains: [1, 2, 3, 4, 5], biasGain: 0.5 },
    });
  });

  it.each([
    [{ kind: 'momentum' }, { kind: 'momentum', momentum: 0.9 }],
    [
      { kind: 'nesterov', momentum: 0.5 },
      { kind: 'nesterov', momentum: 0.5 },
    ],
    [
      { kind: 'adam', first_moment_decay: 0.8 },
      { kind: 'adam', firstMomentDecay: 0.8, secondMomentDecay: 0.999, epsilon: 1e-8 },
    ],
  ])('turns the optimizer %j into its rule', (optimizer, rule) => {
    const spec = specOf({ recipe: 'ep', training: { optimizer, weight_decay: 0.01, bias_learning_rates: [0.3, 0] } });
    const { description } = methodOf(spec);
    expect(description.optimizer).toMatchObject({ rule, weightDecay: 0.01, learningRates: { biases: [0.3, 0] } });
  });

  it.each([
    [
      { kind: 'step', every_epochs: 3, factor: 0.5 },
      { kind: 'step', everyEpochs: 3, factor: 0.5, warmUpEpochs: 0 },
    ],
    [
      { kind: 'exponential', factor_per_epoch: 0.9, warm_up_epochs: 2 },
      { kind: 'exponential', factorPerEpoch: 0.9, warmUpEpochs: 2 },
    ],
    [
      { kind: 'cosine', epochs: 9 },
      { kind: 'cosine', epochs: 9, lowest: 0, warmUpEpochs: 0 },
    ],
  ])('turns the schedule %j into core’s', (schedule, expected) => {
    for (const recipe of ['ep', 'binary-ep'] as const) {
      const training = { learning_rate_schedule: schedule, clipping: { kind: 'norm', limit: 2 } };
      expect(methodOf(specOf({ recipe, training })).description.optimizer).toMatchObject({
        schedule: expected,
        clipping: { kind: 'norm', limit: 2 },
      });
    }
  });

  it('lets weights of the way down learn, or not, as the recipe has it', () => {
    const ratesOf = (recipe: string) => methodOf(specOf({ recipe })).description.optimizer.learningRates;
    expect(ratesOf('non-reciprocal-ep').feedback).toEqual(ratesOf('non-reciprocal-ep').weights);
    expect(ratesOf('feedback-alignment').feedback).toEqual([0, 0]);
    expect(ratesOf('binary-ep')).toMatchObject({ weights: [], biases: [0.05, 0.025], feedback: [] });
  });

  it('predicts, of the largest jobs that the contract lets through, less than a worker can address', () => {
    const dense = (recipe: string, layers: readonly number[], batchSize: number, more: object = {}) => ({
      recipe,
      network: { layers },
      training: { batch_size: batchSize, learning_rates: layers.slice(1).map(() => 0.1), ...more },
    });
    for (const body of [
      dense('ep', [784, 7_000, 8_000, 10], 1_000),
      dense('ep', [784, 100, 10], 17_000),
      dense('ep', [1_000_000, 60, 10], 15),
      dense('prototypical-ep', [784, 7_000, 8_000, 10], 500, { optimizer: { kind: 'adam' } }),
      dense('non-reciprocal-ep', [784, 5_000, 5_000, 10], 500, { optimizer: { kind: 'adam' } }),
      { ...dense('holomorphic-ep', [784, 2_000, 2_000, 10], 100), settling: { points: 64 } },
      {
        ...dense('backpropagation-through-time', [784, 2_000, 10], 20),
        settling: { free_steps: 3_000, nudged_steps: 2_000 },
      },
    ]) {
      const spec = specOf(body);
      const method = methodOf(spec);
      expect(sessionBytes(method, kernelsFor(method, spec, undefined), spec.training.batch_size)).toBeLessThan(2 ** 32);
    }
  });
});
