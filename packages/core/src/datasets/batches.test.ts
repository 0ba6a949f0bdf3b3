import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KernelSet, NetworkKernels, Phase } from '../kernels/kernel-set.ts';
import { denseChain, type NetworkDescription } from '../kernels/network.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { permutation, randomStream } from '../tensor/random.ts';
import { type Augmentation, writeMoved } from './augmentation.ts';
import { clampBatch } from './batches.ts';
import type { Dataset } from './dataset.ts';
import { byteLevels, type Normalization } from './normalization.ts';
import { presentationsOf } from './presentation.ts';

const CAPACITY = 5;
const CLASSES = 3;
const SHAPE = [2, 3, 4] as const;
const FEATURES = 24;

const datasets: fc.Arbitrary<Dataset> = fc.integer({ min: CAPACITY, max: 20 }).chain((sampleCount) =>
  fc.record({
    name: fc.constant('random'),
    inputs: fc.uint8Array({ minLength: sampleCount * FEATURES, maxLength: sampleCount * FEATURES }),
    inputScale: fc.constantFrom(1 / 255, 1 / 128),
    labels: fc.uint8Array({ minLength: sampleCount, maxLength: sampleCount, max: CLASSES - 1 }),
    sampleCount: fc.constant(sampleCount),
    shape: fc.constant(SHAPE),
    featureCount: fc.constant(FEATURES),
    classCount: fc.constant(CLASSES),
  }),
);
const normalizations = fc.constantFrom<Normalization>({ kind: 'none' }, { kind: 'per-channel', deviationScale: 3 });
const augmentations = fc.record<Augmentation>({
  cropPadding: fc.nat({ max: 2 }),
  cropFill: fc.constantFrom('zero', 'edge'),
  flip: fc.boolean(),
});

const NETWORK: NetworkDescription = {
  ...denseChain([FEATURES, CLASSES]),
  activation: 'tanh',
  outputActivation: 'tanh',
  dynamics: { kind: 'discrete-map', stepSize: 1, nudge: 'inside' },
  feedback: 'symmetric',
  readout: 'squared-error',
};
const WORKSPACE = { batchCapacity: CAPACITY, slots: 1, parameterBuffers: 0, complexStates: false, anderson: false };

const ONE_STEP: Phase = {
  from: 'zeros',
  into: 0,
  schedule: 'synchronous',
  teaching: { kind: 'none' },
  steps: 1,
  tolerance: 0,
  leastSteps: 1,
  interruptible: true,
};

function build(set: KernelSet): NetworkKernels {
  return set.build(NETWORK, WORKSPACE, openArena(createArenaMemory(set.predictBytes(NETWORK, WORKSPACE))));
}

const rowOf = (kernels: NetworkKernels, row: number) => kernels.inputs.subarray(row * FEATURES, (row + 1) * FEATURES);
const bytesOf = (dataset: Dataset, sample: number) =>
  dataset.inputs.subarray(sample * FEATURES, (sample + 1) * FEATURES);

describe.each([referenceKernels])('clampBatch on $name kernels', (set) => {
  /** Values as the kernels' element type holds them. */
  const held = (values: ArrayLike<number>) =>
    Array.from(values, (value) => (set.elementType === 'float32' ? Math.fround(value) : value));

  it('shows exactly the samples of the order, scaled, with their labels as one-hot rows', () => {
    fc.assert(
      fc.property(datasets, fc.nat(), fc.nat(), fc.boolean(), (dataset, seed, start, shuffled) => {
        const kernels = build(set);
        const order = shuffled ? permutation(randomStream(seed, 'shuffle'), dataset.sampleCount) : undefined;
        const count = 1 + (seed % CAPACITY);
        const first = start % (dataset.sampleCount - count + 1);
        // Rows of an earlier, full batch must not show through.
        clampBatch(kernels, dataset, undefined, 0, CAPACITY);
        clampBatch(kernels, dataset, order, first, count);
        for (let row = 0; row < count; row++) {
          const sample = order === undefined ? first + row : order[first + row];
          const wanted = [...bytesOf(dataset, sample)].map((byte) => byte * dataset.inputScale);
          expect([...rowOf(kernels, row)]).toEqual(held(wanted));
          for (let unit = 0; unit < kernels.labelStride; unit++) {
            const wanted = unit === dataset.labels[sample] ? 1 : 0;
            expect(kernels.labels[row * kernels.labelStride + unit]).toBe(wanted);
          }
        }
        kernels.settle(ONE_STEP);
        expect(kernels.readStates(0, 1)).toHaveLength(count * CLASSES);
      }),
    );
  });

  it('refuses more samples than the kernels have rows for with RangeError', () => {
    fc.assert(
      fc.property(datasets, (dataset) => {
        expect(() => clampBatch(build(set), dataset, undefined, 0, CAPACITY + 1)).toThrow(RangeError);
      }),
      { numRuns: 5 },
    );
  });

  it('shows test samples as normalized, whatever the augmentation', () => {
    fc.assert(
      fc.property(datasets, normalizations, augmentations, (dataset, normalization, augmentation) => {
        const kernels = build(set);
        const { test } = presentationsOf({ normalization, augmentation }, dataset, 1);
        clampBatch(kernels, dataset, undefined, 0, CAPACITY, test);
        const levels = byteLevels(normalization, dataset);
        for (let row = 0; row < CAPACITY; row++) {
          const wanted = [...bytesOf(dataset, row)].map((byte, i) => levels[256 * Math.floor(i / 12) + byte]);
          expect([...rowOf(kernels, row)]).toEqual(held(wanted));
        }
      }),
    );
  });

  it('shows a training sample of an epoch in the same way wherever its batch begins, and as its move says', () => {
    const cases = fc.tuple(datasets, normalizations, augmentations, fc.nat(), fc.nat({ max: 300 }));
    fc.assert(
      fc.property(cases, ([dataset, normalization, augmentation, seed, epoch]) => {
        const kernels = build(set);
        const show = (order: Uint32Array, first: number, count: number) => {
          // A resumed training makes its presentations anew.
          const { training } = presentationsOf({ normalization, augmentation }, dataset, seed);
          clampBatch(kernels, dataset, order, first, count, training(epoch));
          return Array.from({ length: count }, (_, row) => [...rowOf(kernels, row)]);
        };
        const order = permutation(randomStream(seed, 'shuffle'), dataset.sampleCount);
        const batch = show(order, 0, CAPACITY);
        expect([...show(order, 0, 2), ...show(order, 2, 3)]).toEqual(batch);

        const levels = byteLevels(normalization, dataset);
        const { training } = presentationsOf({ normalization, augmentation }, dataset, seed);
        const move = training(epoch)?.moves?.of(order[0]) ?? { mirrored: false, down: 0, right: 0 };
        const wanted = new Float64Array(FEATURES);
        writeMoved(wanted, 0, bytesOf(dataset, order[0]), 0, SHAPE, levels, move, augmentation.cropFill);
        expect(batch[0]).toEqual(held(wanted));
      }),
    );
  });

  it('shows another epoch, or another seed, otherwise', () => {
    const pixels = Uint8Array.from({ length: CAPACITY * FEATURES }, (_, i) => i);
    const dataset: Dataset = {
      ...{ name: 'ramp', inputs: pixels, inputScale: 1, labels: new Uint8Array(CAPACITY), sampleCount: CAPACITY },
      ...{ shape: SHAPE, featureCount: FEATURES, classCount: CLASSES },
    };
    const kernels = build(set);
    const shown = (seed: number, epoch: number) => {
      const augmentation: Augmentation = { cropPadding: 2, cropFill: 'edge', flip: true };
      clampBatch(
        kernels,
        dataset,
        undefined,
        0,
        CAPACITY,
        presentationsOf({ augmentation }, dataset, seed).training(epoch),
      );
      return kernels.inputs.join();
    };
    expect(new Set([shown(1, 0), shown(1, 1), shown(2, 0)]).size).toBe(3);
  });
});

describe('presentationsOf', () => {
  it('takes the plain way where there is nothing to prepare', () => {
    const [dataset] = fc.sample(datasets, 1);
    const nothing = { cropPadding: 0, cropFill: 'edge', flip: false } as const;
    for (const preparation of [{}, { normalization: { kind: 'none' }, augmentation: nothing } as const]) {
      const presentations = presentationsOf(preparation, dataset, 1);
      expect([presentations.test, presentations.training(0)]).toEqual([undefined, undefined]);
    }
  });
});
