import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LayerShape } from '../kernels/network.ts';
import { denseChain } from '../kernels/network.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { build, networkOn } from '../kernels/testing/drawn-network.ts';
import { permutation, randomStream } from '../tensor/random.ts';
import { clampBatch } from './batches.ts';
import { type Dataset, firstSamples, type ListedSamples } from './dataset.ts';
import { listedBytes, listSamples, orderOfItsOwn, withLists } from './listed-samples.ts';
import { presentationsOf } from './presentation.ts';
import { splitDataset } from './split.ts';

const CLASSES = 3;

/** Bytes of which about `dark` in ten are 0. */
function datasets(shapes: readonly LayerShape[], dark: readonly [min: number, max: number]): fc.Arbitrary<Dataset> {
  const draws = fc.record({
    shape: fc.constantFrom(...shapes),
    sampleCount: fc.integer({ min: 1, max: 12 }),
    darkTenths: fc.integer({ min: dark[0], max: dark[1] }),
    inputScale: fc.constantFrom(1 / 255, 1 / 128),
    seed: fc.nat(),
  });
  return draws.map(({ shape, sampleCount, darkTenths, inputScale, seed }) => {
    const featureCount = shape[0] * shape[1] * shape[2];
    const stream = randomStream(seed, 'bytes');
    const byteAt = (i: number) =>
      10 * stream.uniform(2 * i) < darkTenths ? 0 : 1 + Math.floor(255 * stream.uniform(2 * i + 1));
    return {
      name: 'random',
      inputs: Uint8Array.from({ length: sampleCount * featureCount }, (_, i) => byteAt(i)),
      inputScale,
      labels: Uint8Array.from({ length: sampleCount }, (_, i) => i % CLASSES),
      sampleCount,
      shape,
      featureCount,
      classCount: CLASSES,
    };
  });
}

const sparse = datasets(
  [
    [1, 5, 8],
    [40, 1, 1],
    [2, 4, 5],
  ],
  [7, 10],
);

/** Sample `number` written out again. */
function unlisted({ offsets, indices, bytes }: ListedSamples, featureCount: number, number: number): Uint8Array {
  const sample = new Uint8Array(featureCount);
  for (let e = offsets[number]; e < offsets[number + 1]; e++) sample[indices[e]] = bytes[e];
  return sample;
}

function listsOf(dataset: Dataset): ListedSamples {
  const listed = listSamples(dataset);
  if (listed === undefined) throw new Error('expected lists to pay');
  return listed;
}

const samplesOf = ({ inputs, sampleCount, featureCount }: Dataset) =>
  Array.from({ length: sampleCount }, (_, k) => inputs.slice(k * featureCount, (k + 1) * featureCount));

describe('listSamples', () => {
  it('keeps every byte that is not zero, in ascending order, and none that is', () => {
    fc.assert(
      fc.property(sparse, (dataset) => {
        const listed = listsOf(dataset);
        expect(Array.from(samplesOf(dataset), (_, k) => unlisted(listed, dataset.featureCount, k))).toEqual(
          samplesOf(dataset),
        );
        expect(listed.bytes.every((byte) => byte > 0)).toBe(true);
        for (let k = 0; k < dataset.sampleCount; k++) {
          const own = listed.indices.subarray(listed.offsets[k], listed.offsets[k + 1]);
          expect([...own]).toEqual([...new Set(own)].toSorted((a, b) => a - b));
        }
        for (const { buffer } of Object.values(listed)) expect(buffer).toBeInstanceOf(SharedArrayBuffer);
        expect(listedBytes(listed)).toBe(4 * (dataset.sampleCount + 1) + 3 * listed.bytes.length);
      }),
    );
  });

  it('makes none where half of the bytes are not zero', () => {
    fc.assert(
      fc.property(datasets([[1, 9, 9]], [0, 10]), (dataset) => {
        const zeros = dataset.inputs.filter((byte) => byte === 0).length;
        expect(listSamples(dataset) === undefined).toBe(2 * zeros <= dataset.inputs.length);
        expect(withLists(dataset).listed === undefined).toBe(2 * zeros <= dataset.inputs.length);
      }),
    );
  });

  it('finds units beyond the reach of short indices', () => {
    const featureCount = 65_537;
    const inputs = new Uint8Array(2 * featureCount);
    inputs[65_536] = 7;
    inputs[featureCount + 3] = 9;
    const dataset: Dataset = {
      ...{ name: 'wide', inputs, inputScale: 1, labels: new Uint8Array(2), sampleCount: 2 },
      ...{ shape: [featureCount, 1, 1], featureCount, classCount: 1 },
    };
    const listed = listsOf(dataset);
    expect([...listed.indices]).toEqual([65_536, 3]);
    expect(unlisted(listed, featureCount, 0)).toEqual(inputs.subarray(0, featureCount));
  });

  it('stays right where samples are held out or left out', () => {
    fc.assert(
      fc.property(
        sparse.filter(({ sampleCount }) => sampleCount > 1),
        fc.nat(),
        (dataset, draw) => {
          const held = 1 + (draw % (dataset.sampleCount - 1));
          const { train, validation } = splitDataset(withLists(dataset), held);
          for (const part of [train, validation, firstSamples(withLists(dataset), held)]) {
            if (part?.listed === undefined) throw new Error('lists were lost');
            const { listed, featureCount } = part;
            expect(samplesOf(part).map((_, k) => unlisted(listed, featureCount, k))).toEqual(samplesOf(part));
          }
        },
      ),
    );
  });
});

describe('a batch of listed samples', () => {
  const CAPACITY = 4;
  const kernelsFor = (dataset: Dataset, learnsByGoodness = false) =>
    build(
      referenceKernels,
      networkOn(
        { ...denseChain([dataset.featureCount, CLASSES]) },
        'tanh',
        learnsByGoodness ? { kind: 'goodness', threshold: 1 } : { kind: 'discrete-map', stepSize: 1, nudge: 'inside' },
      ),
      { batchCapacity: CAPACITY },
    );
  const shown = (kernels: ReturnType<typeof kernelsFor>, { featureCount }: Dataset, count: number) => ({
    inputs: [...kernels.inputs.subarray(0, count * featureCount)],
    labels: [...kernels.labels],
  });

  it('is shown as its rows are, in any order, normalized or moved', () => {
    const preparations = fc.constantFrom(
      {},
      { normalization: { kind: 'per-channel', deviationScale: 3 } as const },
      { augmentation: { cropPadding: 1, cropFill: 'zero', flip: true } as const },
    );
    fc.assert(
      fc.property(
        sparse.filter(({ shape }) => shape[1] > 1),
        preparations,
        fc.nat(),
        fc.boolean(),
        (dataset, preparation, seed, isShuffled) => {
          const count = Math.min(1 + (seed % CAPACITY), dataset.sampleCount);
          const first = seed % (dataset.sampleCount - count + 1);
          const order = isShuffled ? permutation(randomStream(seed, 'shuffle'), dataset.sampleCount) : undefined;
          const presentation = presentationsOf(preparation, dataset, seed).training(1);
          const [plain, listed] = [dataset, withLists(dataset)].map((data) => {
            const kernels = kernelsFor(data);
            kernels.inputs.fill(Number.NaN);
            clampBatch(kernels, data, order, first, count, presentation);
            return shown(kernels, data, count);
          });
          expect(listed).toEqual(plain);
        },
      ),
    );
  });

  it('goes by its lists, and by its rows where labels are written among them or a byte of 0 is not 0', () => {
    const [dataset] = fc.sample(sparse, 1);
    const lists = withLists(dataset);
    // Rows that say something else than the lists tell which of the two was looked at.
    const torn: Dataset = { ...lists, inputs: lists.inputs.map(() => 255), inputScale: 1 };
    const looksAtRows = (kernels: ReturnType<typeof kernelsFor>, presentation?: Parameters<typeof clampBatch>[5]) => {
      clampBatch(kernels, torn, undefined, 0, 1, presentation);
      return kernels.inputs.subarray(0, torn.featureCount).every((x) => x === (presentation?.levels[255] ?? 255));
    };
    const levels = Float64Array.from({ length: 256 }, (_, byte) => byte);
    expect(looksAtRows(kernelsFor(torn))).toBe(false);
    const isFlat = torn.shape[0] === 1;
    if (isFlat) expect(looksAtRows(kernelsFor(torn), { levels, moves: undefined })).toBe(false);
    const raised = { levels: new Float64Array(256 * torn.shape[0]).fill(2), moves: undefined };
    expect(looksAtRows(kernelsFor(torn), raised)).toBe(true);
    expect(looksAtRows(kernelsFor(torn, true))).toBe(true);
  });
});

describe('orderOfItsOwn', () => {
  it('counts from 0, at least as far as asked, on one array', () => {
    for (const length of [3, 10, 2]) {
      const order = orderOfItsOwn(length);
      expect(order.length).toBeGreaterThanOrEqual(length);
      expect([...order.subarray(0, length)]).toEqual(Array.from({ length }, (_, k) => k));
    }
    expect(orderOfItsOwn(5)).toBe(orderOfItsOwn(10));
  });
});
