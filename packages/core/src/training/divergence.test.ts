/** A training that breaks ends with a place and a reason, on every kernel set. */
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../datasets/dataset.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { wasmKernels } from '../kernels/wasm/wasm-kernels.ts';
import { continualEpRecipe } from '../recipes/continual-ep.ts';
import { methodFrom } from '../recipes/method.ts';
import { type PrototypicalEpSettings, prototypicalEpRecipe } from '../recipes/prototypical-ep.ts';
import { chain, descent, EVERY_RECIPE, glorot, POINTS, settling } from '../recipes/testing/every-recipe.ts';
import { BATCHES, data, type RunOptions, run, setsFor } from './testing/sessions.ts';

const SETTINGS: PrototypicalEpSettings = {
  network: chain(POINTS, [5], 'tanh'),
  settling: settling(10, 4),
  optimizer: descent([0.1, 0.1]),
  initialization: glorot,
  stepSize: 1,
  nudge: 'outside',
  nudging: 'centred',
  beta: 0.3,
};

const ep = (others: Partial<PrototypicalEpSettings> = {}) =>
  methodFrom(prototypicalEpRecipe({ ...SETTINGS, ...others }));

/** As bytes that have been given an infinite scale: 0 becomes NaN. */
const infinite = (dataset: Dataset): Dataset => ({ ...dataset, inputScale: Number.POSITIVE_INFINITY });

describe.each([referenceKernels, wasmKernels])('on $name kernels', (kernelSet) => {
  const outcomeOf = (options: RunOptions) => run({ kernelSet, ...options });

  it('infinite inputs break the first state above them in the first step of the first batch', () => {
    const { events, outcome } = outcomeOf({
      method: ep(),
      train: infinite({ ...data('blobs', 40), inputs: new Uint8Array(40 * 8) }),
    });
    expect(events).toEqual([]);
    expect(outcome).toEqual({
      kind: 'diverged',
      divergence: { reason: 'state-not-finite', phase: 'free', layer: 1, relaxationStep: 1 },
      epoch: 1,
      batch: 1,
      residual: undefined,
    });
  });

  it('rates that break the weights show in the states of the batch after, or in the weights at the end of the epoch', () => {
    const method = ep({ optimizer: descent([Number.MAX_VALUE, Number.MAX_VALUE]) });
    const states = outcomeOf({ method });
    expect(states.outcome).toMatchObject({
      kind: 'diverged',
      divergence: { reason: 'state-not-finite', phase: 'free' },
      epoch: 1,
      batch: 2,
      residual: expect.any(Number),
    });
    expect(states.events.map(({ kind }) => kind)).toEqual(['batch']);
    // One batch an epoch: no batch after it would show the states.
    const weights = outcomeOf({ method, batchSize: 40 });
    expect(weights.outcome).toMatchObject({ kind: 'diverged', epoch: 1, batch: 1 });
    // In float64 a weight of that size is still a number.
    const reason = kernelSet.elementType === 'float32' ? 'weights-not-finite' : 'weights-too-large';
    expect(weights.outcome).toHaveProperty('divergence.reason', reason);
  });

  it.each([
    { rates: descent([1e9, 0]), parameter: 'weights.0' },
    { rates: descent([0, 1e9], [0, 0]), parameter: 'weights.1' },
    { rates: descent([0, 0], [1e9, 0]), parameter: 'biases.1' },
    { rates: descent([0, 0], [0, 1e9]), parameter: 'biases.2' },
  ])('weights too large are seen at the end of the epoch, by the name $parameter', ({ rates, parameter }) => {
    const { events, outcome } = outcomeOf({ method: ep({ optimizer: rates }) });
    expect(outcome).toEqual({
      kind: 'diverged',
      divergence: { reason: 'weights-too-large', parameter },
      epoch: 1,
      batch: BATCHES,
      residual: expect.any(Number),
    });
    expect(events.every(({ kind }) => kind === 'batch')).toBe(true);
  });

  it.each(['test', 'validation'] as const)(
    'states that break in the evaluation of %s data are told from those of training',
    (part) => {
      const broken = infinite({ ...data('blobs', 20, 'test'), inputs: new Uint8Array(20 * 8) });
      const { events, outcome } = outcomeOf({ method: ep(), [part]: broken });
      expect(outcome).toMatchObject({
        kind: 'diverged',
        divergence: { reason: 'state-not-finite', phase: 'evaluation', layer: 1, relaxationStep: 1 },
        epoch: 1,
        batch: BATCHES,
        residual: expect.any(Number),
      });
      expect(events).toHaveLength(BATCHES);
    },
  );

  it('weights that move step by step break within a nudged phase, at a step that counts from its start', () => {
    const method = methodFrom(
      continualEpRecipe({
        ...SETTINGS,
        nudging: 'one-sided',
        optimizer: descent([Number.MAX_VALUE, Number.MAX_VALUE]),
        settling: settling(10, 6),
      }),
    );
    const { outcome } = outcomeOf({ method });
    expect(outcome).toMatchObject({
      kind: 'diverged',
      divergence: { reason: 'state-not-finite', phase: 'nudged' },
      batch: 1,
    });
    if (outcome.kind !== 'diverged' || outcome.divergence.reason !== 'state-not-finite') throw new Error('it is');
    expect(outcome.divergence.relaxationStep).toBeGreaterThan(1);
    expect(outcome.divergence.relaxationStep).toBeLessThanOrEqual(6);
  });
});

describe.each(EVERY_RECIPE)('$recipe', ({ method, on }) => {
  it.each(setsFor(method))('says on $name kernels where infinite inputs broke it', (kernelSet) => {
    const train = data(on, 40);
    const broken = { ...train, inputs: new Uint8Array(train.inputs.length), inputScale: Number.POSITIVE_INFINITY };
    const { outcome } = run({ method, kernelSet, on, train: broken });
    expect(outcome).toMatchObject({
      kind: 'diverged',
      divergence: { reason: 'state-not-finite', phase: 'free', layer: 1 },
      epoch: 1,
      batch: 1,
    });
  });
});

it('nudged states that run away are told from free ones, and have no residual to show before the first whole batch', () => {
  // Linear units: free states settle where couplings are below 1; a nudge near 1 turns the same couplings against them.
  const method = ep({
    network: chain(POINTS, [5], 'identity'),
    initialization: { ...glorot, gains: [1, 0.4] },
    nudge: 'inside',
    nudging: 'one-sided',
    beta: 0.95,
    settling: settling(10, 20_000),
  });
  const { outcome } = run({ method, kernelSet: referenceKernels });
  expect(outcome).toMatchObject({
    kind: 'diverged',
    divergence: { reason: 'state-not-finite', phase: 'nudged' },
    epoch: 1,
    batch: 1,
    residual: undefined,
  });
});
