import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dataset } from './dataset.ts';
import { byteLevels, channelStatistics } from './normalization.ts';

/** Images [sampleCount, channels, height, width] of any bytes. */
const datasets: fc.Arbitrary<Dataset> = fc
  .record({
    sampleCount: fc.integer({ min: 1, max: 6 }),
    channels: fc.integer({ min: 1, max: 3 }),
    height: fc.integer({ min: 1, max: 4 }),
    width: fc.integer({ min: 1, max: 4 }),
    inputScale: fc.constantFrom(1 / 255, 1 / 128, 1),
  })
  .chain(({ sampleCount, channels, height, width, inputScale }) => {
    const featureCount = channels * height * width;
    const length = sampleCount * featureCount;
    return fc.uint8Array({ minLength: length, maxLength: length }).map((inputs) => ({
      name: 'random',
      ...{ inputs, inputScale, sampleCount, featureCount },
      shape: [channels, height, width] as const,
      labels: new Uint8Array(sampleCount),
      classCount: 1,
    }));
  });

/** All bytes of one channel, found the slow way. */
function bytesOf(dataset: Dataset, channel: number): number[] {
  const pixels = dataset.shape[1] * dataset.shape[2];
  return [...dataset.inputs].filter((_, i) => Math.floor((i % dataset.featureCount) / pixels) === channel);
}

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('channelStatistics', () => {
  it('are mean and standard deviation of every channel, as from the definition', () => {
    fc.assert(
      fc.property(datasets, (dataset) => {
        const statistics = channelStatistics(dataset);
        expect(statistics).toHaveLength(dataset.shape[0]);
        for (const [channel, { mean, standardDeviation }] of statistics.entries()) {
          const values = bytesOf(dataset, channel).map((byte) => byte * dataset.inputScale);
          expect(mean).toBeCloseTo(average(values), 9);
          expect(standardDeviation).toBeCloseTo(Math.sqrt(average(values.map((x) => (x - mean) ** 2))), 9);
        }
      }),
    );
  });

  it('do not depend on the order of the samples, to the last bit', () => {
    fc.assert(
      fc.property(datasets, (dataset) => {
        const samples = Array.from({ length: dataset.sampleCount }, (_, sample) =>
          dataset.inputs.subarray(sample * dataset.featureCount, (sample + 1) * dataset.featureCount),
        );
        const inputs = Uint8Array.from(samples.reverse().flatMap((sample) => [...sample]));
        expect(channelStatistics({ ...dataset, inputs })).toEqual(channelStatistics(dataset));
      }),
    );
  });

  it('refuse a dataset without samples with RangeError', () => {
    const none = { name: 'none', inputs: new Uint8Array(0), labels: new Uint8Array(0), sampleCount: 0 };
    const empty: Dataset = { ...none, inputScale: 1, shape: [1, 2, 2], featureCount: 4, classCount: 2 };
    expect(() => channelStatistics(empty)).toThrow(RangeError);
  });
});

describe('byteLevels', () => {
  it('without normalization are byte · inputScale, bit for bit', () => {
    fc.assert(
      fc.property(datasets, (dataset) => {
        const levels = byteLevels({ kind: 'none' }, dataset);
        expect(levels).toHaveLength(256 * dataset.shape[0]);
        levels.forEach((level, i) => {
          expect(level).toBe((i % 256) * dataset.inputScale);
        });
      }),
    );
  });

  it('give every channel of the training data mean 0 and standard deviation 1 / deviationScale', () => {
    fc.assert(
      fc.property(datasets, fc.constantFrom(0.5, 1, 3), (dataset, deviationScale) => {
        const levels = byteLevels({ kind: 'per-channel', deviationScale }, dataset);
        for (let channel = 0; channel < dataset.shape[0]; channel++) {
          const bytes = bytesOf(dataset, channel);
          const values = bytes.map((byte) => levels[256 * channel + byte]);
          const spread = new Set(bytes).size > 1 ? 1 / deviationScale : 0;
          expect(average(values)).toBeCloseTo(0, 9);
          expect(Math.sqrt(average(values.map((x) => x ** 2)))).toBeCloseTo(spread, 9);
        }
      }),
    );
  });

  it('centre a channel without variation and never divide by zero', () => {
    fc.assert(
      fc.property(datasets, fc.nat({ max: 255 }), (dataset, byte) => {
        const flat = { ...dataset, inputs: dataset.inputs.map(() => byte) };
        const levels = byteLevels({ kind: 'per-channel', deviationScale: 3 }, flat);
        levels.forEach((level, i) => {
          expect(level).toBeCloseTo(((i % 256) - byte) * dataset.inputScale, 12);
        });
        expect(levels[byte]).toBe(0);
      }),
    );
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuse a deviation scale of %d with RangeError', (scale) => {
    const [dataset] = fc.sample(datasets, 1);
    expect(() => byteLevels({ kind: 'per-channel', deviationScale: scale }, dataset)).toThrow(RangeError);
  });
});
