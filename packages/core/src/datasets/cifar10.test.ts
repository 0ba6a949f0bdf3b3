import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CIFAR10_CLASSES, CIFAR10_SHAPE, parseCifar10 } from './cifar10.ts';
import { datasetFromIdx, encodeIdx } from './idx.ts';

const RECORD_BYTES = 3_073;

/** A file of these labels; byte `at` of image `record` is one that no other place near it has. */
function cifar(labels: readonly number[], first = 0): Uint8Array {
  const file = new Uint8Array(labels.length * RECORD_BYTES);
  labels.forEach((label, record) => {
    file[record * RECORD_BYTES] = label;
    for (let at = 0; at < 3_072; at++) file[record * RECORD_BYTES + 1 + at] = pixel(first + record, at);
  });
  return file;
}

const pixel = (sample: number, at: number) => (31 * sample + at + (at >> 8)) % 256;
const labelLists = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 4 });

describe('parseCifar10', () => {
  it('gives the images and labels of all files in their order, and they survive the way through IDX', () => {
    fc.assert(
      fc.property(labelLists, labelLists, (one, two) => {
        const files = [
          { name: 'one.bin', bytes: cifar(one) },
          { name: 'two.bin', bytes: Buffer.from(cifar(two, one.length)) },
        ];
        const { sampleCount, images, labels } = parseCifar10(files);
        expect([...labels]).toEqual([...one, ...two]);
        const wanted = Uint8Array.from({ length: sampleCount * 3_072 }, (_, i) =>
          pixel(Math.floor(i / 3_072), i % 3_072),
        );
        expect(Buffer.compare(images, wanted)).toBe(0);
        const idx = encodeIdx([sampleCount, ...CIFAR10_SHAPE], images);
        const dataset = datasetFromIdx('cifar', idx, encodeIdx([sampleCount], labels), CIFAR10_CLASSES);
        expect(dataset).toMatchObject({
          sampleCount: one.length + two.length,
          shape: [3, 32, 32],
          featureCount: 3_072,
        });
        expect(Buffer.compare(dataset.inputs, images)).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  it('refuses every truncation and names the file and the record', () => {
    const sound = { name: 'sound.bin', bytes: cifar([3]) };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 * RECORD_BYTES - 1 }), (length) => {
        fc.pre(length !== RECORD_BYTES);
        const cut = { name: 'cut.bin', bytes: cifar([1, 2]).subarray(0, length) };
        const record = Math.floor(length / RECORD_BYTES);
        expect(() => parseCifar10([sound, cut])).toThrow(RangeError);
        expect(() => parseCifar10([sound, cut])).toThrow(`cut.bin: record ${record} `);
      }),
    );
  });

  it('refuses labels beyond 9 and empty files, by name', () => {
    const sound = { name: 'sound.bin', bytes: cifar([9, 0]) };
    const wrong = { name: 'wrong.bin', bytes: cifar([0, 1, 10]) };
    expect(() => parseCifar10([sound, wrong])).toThrow(
      new RangeError('wrong.bin: record 2 has label 10, classes end at 9'),
    );
    expect(() => parseCifar10([sound, { name: 'none.bin', bytes: new Uint8Array(0) }])).toThrow('none.bin');
  });
});
