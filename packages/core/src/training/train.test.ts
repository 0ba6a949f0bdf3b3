/** Training learns, and does so to the same bits whoever interrupts it. How it ends otherwise: ./outcomes.test.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../datasets/dataset.ts';
import type { Nudging } from '../estimators/equilibrium-propagation.ts';
import type { KernelSet } from '../kernels/kernel-set.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { wasmKernels } from '../kernels/wasm/wasm-kernels.ts';
import { epRecipe } from '../recipes/equilibrium-propagation.ts';
import type { Method } from '../recipes/method.ts';
import { prototypicalEpRecipe } from '../recipes/prototypical-equilibrium-propagation.ts';
import { createArenaMemory } from '../tensor/arena.ts';
import { controlBlock, type StopRequest } from '../tensor/control-block.ts';
import { randomStream } from '../tensor/random.ts';
import type { TrainingEvent, TrainingOutcome } from './events.ts';
import { openSession, sessionBytes } from './session.ts';

const CLASSES = 3;
const FEATURES = 12;

/** Each class lights four pixels of its own; all pixels are noisy, so that single ones do not tell the class. */
function noisyPatterns(name: string, sampleCount: number): Dataset {
  const stream = randomStream(1, name);
  const labels = Uint8Array.from({ length: sampleCount }, (_, sample) => sample % CLASSES);
  const inputs = Uint8Array.from({ length: sampleCount * FEATURES }, (_, at) => {
    const own = Math.floor((at % FEATURES) / 4) === labels[Math.floor(at / FEATURES)];
    return 155 * stream.uniform(at) + (own ? 100 : 0);
  });
  return { name, inputs, inputScale: 1 / 255, labels, sampleCount, featureCount: FEATURES, classCount: CLASSES };
}

const TRAIN = noisyPatterns('train', 100);
const TEST = noisyPatterns('test', 60);
const EPOCHS = 3;
/** 100 samples: six full batches and a partial one. */
const BATCH_SIZE = 16;

const KINDS: readonly Nudging['kind'][] = ['one-sided', 'random-sign', 'centred'];
const settings = (kind: Nudging['kind'], beta: number) => ({
  layerSizes: [FEATURES, 10, CLASSES],
  nudging: { kind, beta },
  freeSteps: 20,
  nudgedSteps: 6,
  learningRates: [0.4, 0.2],
});
const METHODS: readonly { readonly title: string; readonly method: Method }[] = KINDS.flatMap((kind) => [
  {
    title: `ep, hard sigmoid, ${kind}`,
    method: epRecipe({ ...settings(kind, 0.5), activation: 'hard-sigmoid', stepSize: 0.5 }),
  },
  {
    title: `prototypical-ep, logistic, nudge inside, ${kind}`,
    method: prototypicalEpRecipe({ ...settings(kind, 0.3), activation: 'logistic', nudge: 'inside' }),
  },
  {
    title: `prototypical-ep, logistic, nudge outside, ${kind}`,
    method: prototypicalEpRecipe({ ...settings(kind, 0.2), activation: 'logistic', nudge: 'outside' }),
  },
]);

interface RunOptions {
  readonly method: Method;
  readonly kernelSet?: KernelSet;
  readonly seed?: number;
  readonly epochs?: number;
  readonly resumeFrom?: Uint8Array | undefined;
  /** Asks for a stop once so many events were seen. */
  readonly stopAfter?: number | undefined;
  readonly request?: StopRequest;
}

function run({ method, kernelSet = wasmKernels, seed = 1, epochs = EPOCHS, ...options }: RunOptions) {
  const memory = createArenaMemory(sessionBytes(method, kernelSet, BATCH_SIZE));
  const control = controlBlock(memory);
  const session = openSession({
    ...{ method, kernelSet, memory, seed, epochs, train: TRAIN, test: TEST },
    batchSize: BATCH_SIZE,
    checkpointEveryEpochs: 2,
    resumeFrom: options.resumeFrom,
  });
  const events: TrainingEvent[] = [];
  for (;;) {
    if (events.length === options.stopAfter) control.requestStop(options.request ?? 'hand-back');
    const { done, value } = session.next();
    if (done === true) return { events, outcome: value, beats: control.heartbeats() };
    events.push(value);
  }
}

const lastFile = (events: readonly TrainingEvent[]): Uint8Array => {
  const last = events.at(-1);
  if (last?.kind !== 'checkpoint') throw new Error('training did not end with a checkpoint');
  return last.file;
};

const epochsOf = (events: readonly TrainingEvent[]) => events.filter(({ kind }) => kind === 'epoch');

function completed(outcome: TrainingOutcome) {
  if (outcome.kind !== 'completed' || outcome.metrics === undefined) throw new Error(`ended as ${outcome.kind}`);
  return outcome.metrics;
}

describe.each(METHODS)('$title', ({ method }) => {
  it('learns: the cost falls and unseen samples are told apart far better than by chance', () => {
    const { events, outcome } = run({ method, epochs: 30 });
    const costs = events.flatMap((event) => (event.kind === 'epoch' ? [event.metrics.trainCost] : []));
    const metrics = completed(outcome);
    expect(costs[29]).toBeLessThan(0.7 * costs[0]);
    expect(metrics.testAccuracy).toBeGreaterThan(0.8);
    expect(metrics.trainAccuracy).toBeGreaterThan(0.8);
  });
});

describe('training at rates of zero', () => {
  it('shows every sample once an epoch, in another order every epoch', () => {
    const method = epRecipe({ ...settings('centred', 0.5), learningRates: [0, 0], activation: 'tanh', stepSize: 0.5 });
    const { events } = run({ method });
    const epochs = events.flatMap((event) => (event.kind === 'epoch' ? [event.metrics] : []));
    const orders = epochs.map((_, epoch) =>
      events.flatMap((event) => (event.kind === 'batch' && event.epoch === epoch + 1 ? [event.cost] : [])).join(),
    );
    expect(new Set(orders).size).toBe(EPOCHS);
    for (const { trainCost, trainAccuracy } of epochs) {
      expect(trainCost).toBeCloseTo(epochs[0].trainCost, 12);
      expect(trainAccuracy).toBe(epochs[0].trainAccuracy);
    }
  });
});

describe.each([referenceKernels, wasmKernels])('training on $name kernels', (kernelSet) => {
  const short = METHODS.map(({ method }) => method);

  it('is the same to the last bit for the same seed, and different for another', () => {
    for (const method of short) {
      const first = run({ method, kernelSet, epochs: 1 });
      const again = run({ method, kernelSet, epochs: 1 });
      expect(again.events).toEqual(first.events);
      const other = run({ method, kernelSet, epochs: 1, seed: 2 });
      expect(Buffer.compare(lastFile(other.events), lastFile(first.events))).not.toBe(0);
      expect(epochsOf(other.events)).not.toEqual(epochsOf(first.events));
    }
  });

  it('stopped anywhere and resumed any number of times, ends with the bytes and metrics of an undisturbed run', () => {
    const undisturbed = new Map(short.map((method) => [method, run({ method, kernelSet })]));
    const stops = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...undisturbed), stops, ([method, expected], counts) => {
        const seen: TrainingEvent[] = [];
        let resumeFrom: Uint8Array | undefined;
        for (const stopAfter of [...counts, undefined]) {
          const part = run({ method, kernelSet, resumeFrom, stopAfter });
          seen.push(...part.events);
          if (part.outcome.kind !== 'stopped') break;
          resumeFrom = part.outcome.file;
        }
        expect(seen).toEqual(expected.events);
      }),
      { numRuns: kernelSet.elementType === 'float32' ? 60 : 10 },
    );
  });

  it('resumed from the checkpoint of an earlier epoch, ends with the bytes of the whole run', () => {
    for (const method of short.slice(0, 3)) {
      const whole = run({ method, kernelSet });
      const early = whole.events.find((event) => event.kind === 'checkpoint');
      if (early?.kind !== 'checkpoint') throw new Error('there is a checkpoint after the second of three epochs');
      expect(early.epoch).toBe(2);
      const rest = run({ method, kernelSet, resumeFrom: early.file });
      expect(Buffer.compare(lastFile(rest.events), lastFile(whole.events))).toBe(0);
      expect(rest.outcome).toEqual(whole.outcome);
    }
  });

  it('reports every batch in order, one beat each, and says who asked it to stop and where', () => {
    const [{ method }] = METHODS;
    const { events, beats } = run({ method, kernelSet });
    const batches = events.flatMap((event) => (event.kind === 'batch' ? [event] : []));
    expect(batches.map(({ step }) => step)).toEqual(Array.from({ length: 7 * EPOCHS }, (_, i) => i + 1));
    expect(batches.slice(0, 7).map(({ samples }) => samples)).toEqual([16, 16, 16, 16, 16, 16, 4]);
    expect(beats).toBe(7 * EPOCHS);
    for (const request of ['cancel', 'hand-back'] as const) {
      // After 7 batches the stop falls into the evaluation, after 9 events into the next epoch's first batch.
      for (const [stopAfter, step] of [
        [0, 0],
        [4, 4],
        [7, 7],
        [9, 8],
      ] as const) {
        const { outcome } = run({ method, kernelSet, stopAfter, request });
        expect(outcome).toMatchObject({ kind: 'stopped', request, step });
      }
    }
  });
});
