import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstSamples } from './dataset.ts';
import { datasetFromIdx, encodeIdx, parseIdx } from './idx.ts';

/** An IDX file of bytes with this header, whatever its truth. */
function idx(shape: readonly number[], values: ArrayLike<number>, type = 8, dimensions = shape.length): Uint8Array {
  const file = new Uint8Array(4 + 4 * shape.length + values.length);
  const view = new DataView(file.buffer);
  file[2] = type;
  file[3] = dimensions;
  shape.forEach((size, d) => {
    view.setUint32(4 + 4 * d, size);
  });
  file.set(Array.from(values), 4 + 4 * shape.length);
  return file;
}

const product = (shape: readonly number[]) => shape.reduce((all, size) => all * size, 1);

const tensors = fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 4 }).chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    values: fc.uint8Array({ minLength: product(shape), maxLength: product(shape) }),
  }),
);

/** The bytes in the middle of a larger buffer, as a reader of archives or database rows hands them over. */
function embedded(file: Uint8Array): Uint8Array {
  const larger = new Uint8Array(file.length + 10).fill(0xff);
  larger.set(file, 3);
  return larger.subarray(3, 3 + file.length);
}

describe('parseIdx', () => {
  it('reads back shape and bytes of any tensor, wherever it lies in memory', () => {
    fc.assert(
      fc.property(tensors, ({ shape, values }) => {
        for (const file of [idx(shape, values), embedded(idx(shape, values)), Buffer.from(idx(shape, values))]) {
          const parsed = parseIdx(file);
          expect(parsed.shape).toEqual(shape);
          expect([...parsed.values]).toEqual([...values]);
        }
      }),
    );
  });

  it('refuses every truncation and every surplus byte with RangeError', () => {
    fc.assert(
      fc.property(tensors, fc.nat(), ({ shape, values }, cut) => {
        const file = idx(shape, values);
        expect(() => parseIdx(file.subarray(0, cut % file.length))).toThrow(RangeError);
        expect(() => parseIdx(Uint8Array.of(...file, 0))).toThrow(RangeError);
      }),
    );
  });

  it('answers arbitrary bytes with a tensor that fills the file, or with RangeError', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.uint8Array({ maxLength: 64 }).map((tail) => Uint8Array.of(0, 0, 8, ...tail)),
    );
    fc.assert(
      fc.property(bytes, (file) => {
        let parsed: ReturnType<typeof parseIdx> | undefined;
        try {
          parsed = parseIdx(file);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
        if (parsed === undefined) return;
        expect(parsed.values.length).toBe(product(parsed.shape));
        expect(4 + 4 * parsed.shape.length + parsed.values.length).toBe(file.length);
      }),
      { numRuns: 1_000 },
    );
  });

  const huge = 0xffffffff;
  it.each([
    { fault: 'an empty file', file: new Uint8Array(0) },
    { fault: 'bytes before the magic number', file: Uint8Array.of(1, 0, 8, 1, 0, 0, 0, 0) },
    { fault: 'an element type of floats', file: idx([1], [0], 0x0d) },
    { fault: 'no dimension at all', file: idx([], [7]) },
    { fault: 'more dimensions than the file has bytes for', file: idx([1], [0], 8, 255) },
    { fault: 'a size far beyond the file', file: idx([huge], [1, 2, 3]) },
    { fault: 'sizes whose product wraps to the true one in 32 bits', file: idx([65_536, 65_536], []) },
    { fault: 'sizes whose product is beyond every number', file: idx(new Array<number>(40).fill(huge), []) },
    { fault: 'such sizes and a zero', file: idx([...new Array<number>(40).fill(huge), 0], []) },
  ])('refuses $fault with RangeError', ({ file }) => {
    expect(() => parseIdx(file)).toThrow(RangeError);
  });
});

describe('encodeIdx', () => {
  it('writes the file that the format asks for, and parseIdx reads it back', () => {
    fc.assert(
      fc.property(tensors, ({ shape, values }) => {
        const file = encodeIdx(shape, values);
        expect([...file]).toEqual([...idx(shape, values)]);
        expect(parseIdx(file)).toEqual({ shape, values });
      }),
    );
  });

  it.each([
    { fault: 'no dimension', shape: [], values: [1] },
    { fault: 'more dimensions than the header counts', shape: new Array<number>(256).fill(1), values: [1] },
    { fault: 'a size that is no whole number', shape: [2, 1.5], values: [1, 2, 3] },
    { fault: 'a size below zero', shape: [-1, -2], values: [1, 2] },
    { fault: 'a size beyond 32 bits', shape: [2 ** 32, 0], values: [] },
    { fault: 'too few elements', shape: [2, 2], values: [1, 2, 3] },
  ])('refuses $fault with RangeError', ({ shape, values }) => {
    expect(() => encodeIdx(shape, Uint8Array.from(values))).toThrow(RangeError);
  });
});

describe('datasetFromIdx', () => {
  it.each([
    { file: [2, 6], shape: [6, 1, 1] },
    { file: [2, 3, 2], shape: [1, 3, 2] },
    { file: [2, 3, 1, 2], shape: [3, 1, 2] },
  ])('sees samples of $shape in a file of $file', ({ file, shape }) => {
    const dataset = datasetFromIdx('tiny', idx(file, new Uint8Array(12)), idx([2], [1, 0]), 2);
    expect(dataset.shape).toEqual(shape);
    expect(dataset.featureCount).toBe(6);
  });

  it.each([[[2]], [[2, 1, 1, 1, 1]]])('refuses a file of samples of shape %j with RangeError', (shape) => {
    const images = idx(shape, new Uint8Array(2));
    expect(() => datasetFromIdx('tiny', images, idx([2], [1, 0]), 2)).toThrow(RangeError);
  });

  it('joins images and labels, one byte a feature, scaled to [0, 1]', () => {
    const dataset = datasetFromIdx('tiny', idx([2, 1, 3], [0, 128, 255, 1, 2, 3]), idx([2], [1, 0]), 2);
    expect(dataset).toMatchObject({ name: 'tiny', sampleCount: 2, featureCount: 3, classCount: 2 });
    expect([...dataset.inputs]).toEqual([0, 128, 255, 1, 2, 3]);
    expect([...dataset.labels]).toEqual([1, 0]);
    expect(255 * dataset.inputScale).toBe(1);
  });

  it('refuses labels that do not belong to the images, or to the classes, with RangeError', () => {
    const images = idx([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
    expect(() => datasetFromIdx('tiny', images, idx([3], [0, 1, 0]), 2)).toThrow(RangeError);
    expect(() => datasetFromIdx('tiny', images, idx([2, 1], [0, 1]), 2)).toThrow(RangeError);
    expect(() => datasetFromIdx('tiny', images, idx([2], [0, 2]), 2)).toThrow(RangeError);
  });
});

describe('firstSamples', () => {
  it('keeps that many samples on the same bytes, and refuses numbers that the data set has not', () => {
    const dataset = datasetFromIdx('tiny', idx([3, 2], [1, 2, 3, 4, 5, 6]), idx([3], [0, 1, 1]), 2);
    const part = firstSamples(dataset, 2);
    expect([...part.inputs]).toEqual([1, 2, 3, 4]);
    expect([...part.labels]).toEqual([0, 1]);
    expect(part.inputs.buffer).toBe(dataset.inputs.buffer);
    for (const count of [0, -1, 4, 1.5, Number.NaN]) expect(() => firstSamples(dataset, count)).toThrow(RangeError);
  });
});
