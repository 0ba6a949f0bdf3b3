import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Dataset, firstSamples } from './dataset.ts';
import { type GeneratedKind, generatedDataset } from './generated.ts';

const KINDS: readonly (GeneratedKind & { readonly shape: readonly number[]; readonly classCount: number })[] = [
  { name: 'xor', shape: [2, 1, 1], classCount: 2 },
  { name: 'xor', copies: 5, shape: [10, 1, 1], classCount: 2 },
  { name: 'blobs', shape: [8, 1, 1], classCount: 4 },
  { name: 'blobs', classes: 7, features: 3, shape: [3, 1, 1], classCount: 7 },
  { name: 'rings', classes: 3, shape: [2, 1, 1], classCount: 3 },
  { name: 'two-moons', shape: [2, 1, 1], classCount: 2 },
  { name: 'glyphs', shape: [1, 8, 8], classCount: 10 },
  { name: 'glyphs', classes: 4, side: 12, shape: [1, 12, 12], classCount: 4 },
];

const sample = (dataset: Dataset, number: number) =>
  dataset.inputs.subarray(number * dataset.featureCount, (number + 1) * dataset.featureCount);
const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);

/** Share of the test samples whose nearest class mean of the training samples is that of their label. */
function nearestMeanAccuracy(train: Dataset, test: Dataset): number {
  const means = Array.from({ length: train.classCount }, (_, label) => {
    const members = Array.from({ length: train.sampleCount }, (_, i) => i).filter((i) => train.labels[i] === label);
    return Array.from({ length: train.featureCount }, (_, f) =>
      members.reduce((sum, i) => sum + sample(train, i)[f] / members.length, 0),
    );
  });
  let correct = 0;
  for (let i = 0; i < test.sampleCount; i++) {
    const distances = means.map((mean) => distance(mean, sample(test, i)));
    if (distances.indexOf(Math.min(...distances)) === test.labels[i]) correct++;
  }
  return correct / test.sampleCount;
}

/** Share of the test samples whose nearest training sample has their label. */
function nearestSampleAccuracy(train: Dataset, test: Dataset): number {
  let correct = 0;
  for (let i = 0; i < test.sampleCount; i++) {
    const distances = Array.from({ length: train.sampleCount }, (_, j) => distance(sample(train, j), sample(test, i)));
    if (train.labels[distances.indexOf(Math.min(...distances))] === test.labels[i]) correct++;
  }
  return correct / test.sampleCount;
}

describe.each(KINDS)('the generated set $name of $shape', ({ shape, classCount, ...kind }) => {
  it('is the same for the same options, and another for another seed or part', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 8, max: 60 }), (seed, samples) => {
        const train = generatedDataset({ ...kind, samples, seed, part: 'train' });
        expect(train).toMatchObject({ name: kind.name, shape, classCount, sampleCount: samples });
        expect(train.inputs).toHaveLength(samples * train.featureCount);
        expect(generatedDataset({ ...kind, samples, seed, part: 'train' })).toEqual(train);
        expect(generatedDataset({ ...kind, samples, seed: seed + 1, part: 'train' }).inputs).not.toEqual(train.inputs);
        expect(generatedDataset({ ...kind, samples, seed, part: 'test' }).inputs).not.toEqual(train.inputs);
      }),
      { numRuns: 10 },
    );
  });

  it('begins with the shorter set of the same options', () => {
    const long = generatedDataset({ ...kind, samples: 50, seed: 3, part: 'test' });
    expect(generatedDataset({ ...kind, samples: 17, seed: 3, part: 'test' })).toEqual(firstSamples(long, 17));
  });

  it('has its classes in balance', () => {
    const { labels } = generatedDataset({ ...kind, samples: 20 * classCount, seed: 1, part: 'train' });
    for (let label = 0; label < classCount; label++) {
      expect(labels.filter((other) => other === label)).toHaveLength(20);
    }
  });
});

describe('what can be learned', () => {
  const parts = (kind: GeneratedKind, samples: number, seed: number) => ({
    train: generatedDataset({ ...kind, samples, seed, part: 'train' }),
    test: generatedDataset({ ...kind, samples, seed, part: 'test' }),
  });

  it.each([1, 2, 3, 4, 5])('blobs and glyphs are told apart by class means of other samples (seed %i)', (seed) => {
    for (const kind of [{ name: 'blobs' }, { name: 'glyphs' }] as const) {
      const { train, test } = parts(kind, 300, seed);
      expect(nearestMeanAccuracy(train, test), kind.name).toBeGreaterThan(0.9);
    }
  });

  it.each(['xor', 'rings'] as const)('%s is not, and yet its samples of a class lie together', (name) => {
    const { train, test } = parts({ name }, 400, 7);
    expect(nearestMeanAccuracy(train, test)).toBeLessThan(0.75);
    expect(nearestSampleAccuracy(train, test)).toBeGreaterThan(0.97);
  });

  it('two moons cannot be told apart by class means as well as by neighbours', () => {
    const { train, test } = parts({ name: 'two-moons' }, 400, 7);
    expect(nearestMeanAccuracy(train, test)).toBeLessThan(0.9);
    expect(nearestSampleAccuracy(train, test)).toBeGreaterThan(0.97);
  });

  it('xor without noise is its four patterns', () => {
    const { inputs, labels } = generatedDataset({ name: 'xor', noise: 0, samples: 4, seed: 1, part: 'train' });
    expect([...inputs]).toEqual([32, 32, 32, 223, 223, 32, 223, 223]);
    expect([...labels]).toEqual([0, 1, 1, 0]);
  });

  it('rings are round: noise does not go with the angle', () => {
    const { train } = parts({ name: 'rings', noise: 0.1 }, 4_000, 7);
    const outer = Array.from({ length: 2_000 }, (_, i) =>
      [...sample(train, 2 * i + 1)].map((byte) => byte / 255 - 0.5),
    );
    for (const [right, up] of [
      [1, 1],
      [1, -1],
      [-1, 1],
      [-1, -1],
    ]) {
      const quadrant = outer.filter(([x, y]) => x * right > 0 && y * up > 0).map(([x, y]) => Math.hypot(x, y));
      expect(Math.abs(quadrant.reduce((sum, radius) => sum + radius, 0) / quadrant.length - 0.45)).toBeLessThan(0.03);
    }
  });

  it('glyphs without noise are few images a class, each shown off its place', () => {
    const { train } = parts({ name: 'glyphs', classes: 2, noise: 0 }, 400, 9);
    const shown = (label: number) =>
      new Set(Array.from(train.labels).flatMap((other, i) => (other === label ? [sample(train, i).join()] : [])));
    expect([shown(0).size, shown(1).size]).toEqual([9, 9]);
  });
});

describe('generatedDataset', () => {
  const options = { samples: 10, seed: 1, part: 'train' } as const;
  it.each([
    { ...options, name: 'xor', samples: 0 },
    { ...options, name: 'xor', samples: 2.5 },
    { ...options, name: 'xor', copies: 0 },
    { ...options, name: 'xor', seed: -1 },
    { ...options, name: 'blobs', classes: 1 },
    { ...options, name: 'blobs', classes: 257 },
    { ...options, name: 'blobs', features: 0 },
    { ...options, name: 'rings', noise: -0.1 },
    { ...options, name: 'two-moons', noise: Number.NaN },
    { ...options, name: 'glyphs', side: 3 },
  ] as const)('refuses $name with options out of bounds with RangeError (%#)', (wrong) => {
    expect(() => generatedDataset(wrong)).toThrow(RangeError);
  });
});
