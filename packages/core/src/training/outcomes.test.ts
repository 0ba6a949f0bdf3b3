/** How training ends other than well: divergence is an answer with a place and a reason, data that do not fit are refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Dataset, firstSamples } from '../datasets/dataset.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { wasmKernels } from '../kernels/wasm/wasm-kernels.ts';
import { initialParameters } from '../models/initialization.ts';
import type { Method } from '../recipes/method.ts';
import { type PrototypicalEpSettings, prototypicalEpRecipe } from '../recipes/prototypical-equilibrium-propagation.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { controlBlock } from '../tensor/control-block.ts';
import { randomStream } from '../tensor/random.ts';
import { evaluate } from './evaluate.ts';
import type { TrainingOutcome } from './events.ts';
import { openSession, type SessionOptions, sessionBytes } from './session.ts';

const BATCH_SIZE = 8;

const stream = randomStream(3, 'pixels');
const DATASET: Dataset = {
  name: 'noise',
  inputs: Uint8Array.from({ length: 40 * 6 }, (_, at) => 256 * stream.uniform(at)),
  inputScale: 1 / 255,
  labels: Uint8Array.from({ length: 40 }, (_, sample) => sample % 2),
  sampleCount: 40,
  featureCount: 6,
  classCount: 2,
};

const methodWith = (settings: Partial<PrototypicalEpSettings>): Method =>
  prototypicalEpRecipe({
    layerSizes: [6, 5, 2],
    activation: 'tanh',
    nudge: 'outside',
    nudging: { kind: 'centred', beta: 0.3 },
    freeSteps: 10,
    nudgedSteps: 4,
    learningRates: [0.1, 0.1],
    ...settings,
  });

function open(method: Method, options: Partial<SessionOptions> = {}) {
  const memory = createArenaMemory(sessionBytes(method, wasmKernels, options.batchSize ?? BATCH_SIZE));
  const data = { train: DATASET, test: DATASET, batchSize: BATCH_SIZE };
  const course = { seed: 1, epochs: 2, checkpointEveryEpochs: 1, resumeFrom: undefined };
  const session = openSession({ method, kernelSet: wasmKernels, memory, ...data, ...course, ...options });
  return { session, control: controlBlock(memory) };
}

function outcomeOf(method: Method, options: Partial<SessionOptions> = {}): TrainingOutcome {
  const { session } = open(method, options);
  for (;;) {
    const { done, value } = session.next();
    if (done === true) return value;
  }
}

describe('training that diverges', () => {
  it('in its states, names the phase and the batch after the one that broke the weights', () => {
    const outcome = outcomeOf(methodWith({ learningRates: [1e300, 1e300] }));
    expect(outcome).toMatchObject({ kind: 'diverged', reason: 'state-not-finite', phase: 'free', epoch: 1, batch: 2 });
    expect(outcome).toHaveProperty('residual', expect.any(Number));
  });

  it('in its nudged states, has no residual to show before the first whole batch', () => {
    // Outside σ, a nudge stronger than 1 multiplies the distance to the label in every step.
    const outcome = outcomeOf(methodWith({ nudging: { kind: 'one-sided', beta: 3 }, nudgedSteps: 200 }));
    const place = { phase: 'nudged', epoch: 1, batch: 1, residual: undefined };
    expect(outcome).toEqual({ kind: 'diverged', reason: 'state-not-finite', ...place });
  });

  it('in its weights, is seen at the end of the epoch even when every state is still finite', () => {
    const place = { phase: undefined, epoch: 1 };
    const whole = outcomeOf(methodWith({ learningRates: [1e300, 1e300] }), { batchSize: 40 });
    expect(whole).toMatchObject({ kind: 'diverged', reason: 'weights-not-finite', ...place, batch: 1 });
    const large = outcomeOf(methodWith({ learningRates: [1e9, 1e9] }));
    expect(large).toMatchObject({ kind: 'diverged', reason: 'weights-too-large', ...place, batch: 5 });
  });
});

describe('a session', () => {
  it.each([
    { fault: 'another number of features', wrong: { ...DATASET, featureCount: 5 } },
    { fault: 'another number of classes', wrong: { ...DATASET, classCount: 3 } },
    { fault: 'no samples', wrong: { ...DATASET, sampleCount: 0 } },
  ])('refuses training or test data with $fault by RangeError', ({ wrong }) => {
    expect(() => open(methodWith({}), { train: wrong })).toThrow(RangeError);
    expect(() => open(methodWith({}), { test: wrong })).toThrow(RangeError);
  });

  it('refuses by RangeError a checkpoint of another method, seed, or place in an epoch', () => {
    const { session, control } = open(methodWith({}));
    session.next();
    control.requestStop('hand-back');
    const { value } = session.next();
    if (value.kind !== 'stopped') throw new Error(`ended as ${value.kind}`);
    const resumeFrom = value.file;
    expect(outcomeOf(methodWith({}), { resumeFrom }).kind).toBe('completed');
    expect(() => open(methodWith({ freeSteps: 11 }), { resumeFrom })).toThrow(RangeError);
    expect(() => open(methodWith({}), { resumeFrom, seed: 2 })).toThrow(RangeError);
    expect(() => open(methodWith({}), { resumeFrom, batchSize: 7 })).toThrow(RangeError);
    expect(() => open(methodWith({}), { resumeFrom, train: firstSamples(DATASET, 7) })).toThrow(RangeError);
  });

  it('completes without doing anything when the checkpoint has all epochs behind it', () => {
    const { session } = open(methodWith({}), { epochs: 1 });
    let file: Uint8Array | undefined;
    for (const event of session) if (event.kind === 'checkpoint') file = event.file;
    if (file === undefined) throw new Error('training ends with a checkpoint');
    const resumed = open(methodWith({}), { epochs: 1, resumeFrom: file }).session.next();
    expect(resumed).toEqual({ done: true, value: { kind: 'completed', metrics: undefined } });
  });
});

describe.each([referenceKernels, wasmKernels])('evaluation on $name kernels', (kernelSet) => {
  const { network } = methodWith({}).model;
  const build = (capacity: number) => {
    const memory = createArenaMemory(kernelSet.predictBytes(network, capacity));
    const kernels = kernelSet.build(network, capacity, openArena(memory));
    kernels.writeParameters(initialParameters('fan-in-uniform', network.layerSizes, randomStream(9, 'init')));
    return { kernels, control: controlBlock(memory) };
  };

  it('does not depend on the batch size', () => {
    const alone = evaluate(build(1).kernels, DATASET, 10);
    if (alone.kind !== 'evaluated') throw new Error('nobody asked to stop');
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 50 }), (capacity) => {
        const together = evaluate(build(capacity).kernels, DATASET, 10);
        if (together.kind !== 'evaluated') throw new Error('nobody asked to stop');
        expect(together.accuracy).toBe(alone.accuracy);
        // The same addends in another order of brackets.
        expect(together.cost).toBeCloseTo(alone.cost, 12);
      }),
      { numRuns: 20 },
    );
  });

  it('does not look at the labels: other labels change the score and no state', () => {
    const { kernels } = build(40);
    evaluate(kernels, DATASET, 10);
    const states = kernels.readStates('free', 2);
    evaluate(kernels, { ...DATASET, labels: DATASET.labels.map((label) => 1 - label) }, 10);
    expect(kernels.readStates('free', 2)).toEqual(states);
  });

  it('stops when asked to', () => {
    const { kernels, control } = build(4);
    control.requestStop('cancel');
    expect(evaluate(kernels, DATASET, 10)).toEqual({ kind: 'stopped' });
  });
});
