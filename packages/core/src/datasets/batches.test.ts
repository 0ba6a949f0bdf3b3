import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KernelSet } from '../kernels/kernel-set.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { wasmKernels } from '../kernels/wasm/wasm-kernels.ts';
import { prototypical } from '../models/prototypical.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { permutation, randomStream } from '../tensor/random.ts';
import { clampBatch } from './batches.ts';
import type { Dataset } from './dataset.ts';

const CAPACITY = 5;
const CLASSES = 3;
const FEATURES = 4;

const datasets: fc.Arbitrary<Dataset> = fc.integer({ min: CAPACITY, max: 20 }).chain((sampleCount) =>
  fc.record({
    name: fc.constant('random'),
    inputs: fc.uint8Array({ minLength: sampleCount * FEATURES, maxLength: sampleCount * FEATURES }),
    inputScale: fc.constantFrom(1 / 255, 1 / 128),
    labels: fc.uint8Array({ minLength: sampleCount, maxLength: sampleCount, max: CLASSES - 1 }),
    sampleCount: fc.constant(sampleCount),
    featureCount: fc.constant(FEATURES),
    classCount: fc.constant(CLASSES),
  }),
);

function build(set: KernelSet) {
  const { network } = prototypical({ layerSizes: [FEATURES, CLASSES], activation: 'tanh', nudge: 'inside' });
  return set.build(network, CAPACITY, openArena(createArenaMemory(set.predictBytes(network, CAPACITY))));
}

describe.each([referenceKernels, wasmKernels])('clampBatch on $name kernels', (set) => {
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
          const bytes = dataset.inputs.subarray(sample * FEATURES, (sample + 1) * FEATURES);
          bytes.forEach((byte, i) => {
            expect(kernels.inputs[row * FEATURES + i]).toBeCloseTo(byte * dataset.inputScale, 6);
          });
          for (let unit = 0; unit < kernels.labelStride; unit++) {
            const wanted = unit === dataset.labels[sample] ? 1 : 0;
            expect(kernels.labels[row * kernels.labelStride + unit]).toBe(wanted);
          }
        }
        kernels.settle({ beta: 0, steps: 1, from: 'zeros', into: 'free' });
        expect(kernels.readStates('free', 1).length).toBe(count * CLASSES);
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
});
