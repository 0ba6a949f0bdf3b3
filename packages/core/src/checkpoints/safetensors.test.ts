import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type NamedTensor,
  readSafetensors,
  SafetensorsError,
  type SafetensorsFile,
  writeSafetensors,
} from './safetensors.ts';

const elementsOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** Names that a JSON object keeps in order: not a plain number, and not the format's own. */
const names = fc
  .oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', 'weights.0', 'a"b\\', '\ud800'))
  .filter((name) => !/^\d+$/.test(name) && name !== '__metadata__');

const tensors = fc
  .record({
    name: names,
    shape: fc.array(fc.nat({ max: 4 }), { maxLength: 3 }),
    wide: fc.boolean(),
    seed: fc.float64Array({ minLength: 1, maxLength: 8 }),
  })
  .map(({ name, shape, wide, seed }): NamedTensor => {
    const values = Float64Array.from({ length: elementsOf(shape) }, (_, i) => seed[i % seed.length] + i);
    return { name, shape, values: wide ? values : Float32Array.from(values) };
  });

const files: fc.Arbitrary<SafetensorsFile> = fc.record({
  metadata: fc.dictionary(fc.string(), fc.string()),
  tensors: fc.uniqueArray(tensors, { selector: ({ name }) => name, maxLength: 5 }),
});

/** NaN, −0 and the element type count: values are compared by their bytes. */
const bytesOf = (values: Float32Array | Float64Array) => [
  values.constructor.name,
  ...new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
];
const comparable = ({ metadata, tensors: list }: SafetensorsFile) => ({
  metadata: Object.entries(metadata).sort(),
  tensors: list.map(({ name, shape, values }) => ({ name, shape, bytes: bytesOf(values) })),
});

/** A file with this header text, padded to 8 bytes as all writers do, and these bytes after it. */
function fileOf(header: unknown, body: ArrayLike<number> = []): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + body.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(Array.from(body), 8 + text.length);
  return file;
}

/** Reads a file that may be broken in any way: only the error of the format may come out, or a file without contradictions. */
function readsOrRefuses(file: Uint8Array): 'read' | 'refused' {
  let read: SafetensorsFile;
  try {
    read = readSafetensors(file);
  } catch (error) {
    if (!(error instanceof SafetensorsError)) throw error;
    return 'refused';
  }
  for (const { shape, values } of read.tensors) {
    if (values.length !== elementsOf(shape)) throw new Error(`${values.length} values for a shape of [${shape}]`);
  }
  const body = read.tensors.reduce((sum, { values }) => sum + values.byteLength, 0);
  const header = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  if (8 + header + body !== file.length) throw new Error('bytes of the file belong to nothing');
  return 'read';
}

const SMALL = writeSafetensors({
  metadata: { settle: '{"format":1}' },
  tensors: [
    { name: 'weights.0', shape: [2, 1], values: Float32Array.of(1, 2) },
    { name: 'biases.1', shape: [1], values: Float64Array.of(3) },
  ],
});
const f32 = (shape: unknown, begin: unknown, end: unknown) => ({ dtype: 'F32', shape, data_offsets: [begin, end] });

describe('writeSafetensors', () => {
  it('writes what readSafetensors gives back, bit for bit and in order, from any place in memory', () => {
    fc.assert(
      fc.property(files, (file) => {
        const written = writeSafetensors(file);
        expect(comparable(readSafetensors(written))).toEqual(comparable(file));
        const odd = new Uint8Array(written.length + 3);
        odd.set(written, 3);
        expect(comparable(readSafetensors(odd.subarray(3)))).toEqual(comparable(file));
        // As files and database rows arrive: a Buffer inside Node's pool.
        expect(comparable(readSafetensors(Buffer.from(written)))).toEqual(comparable(file));
      }),
    );
  });

  it('writes the same bytes for the same content', () => {
    fc.assert(
      fc.property(files, (file) => {
        const written = writeSafetensors(file);
        expect(Buffer.compare(writeSafetensors(readSafetensors(written)), written)).toBe(0);
      }),
    );
  });

  it('starts the body at a multiple of eight, as readers that map files need', () => {
    fc.assert(
      fc.property(files, (file) => {
        const written = writeSafetensors(file);
        expect(Number(new DataView(written.buffer).getBigUint64(0, true)) % 8).toBe(0);
      }),
    );
  });

  it('refuses with RangeError what could not be read back', () => {
    const tensor: NamedTensor = { name: 'a', shape: [1], values: Float32Array.of(0) };
    const write =
      (...list: NamedTensor[]) =>
      () =>
        writeSafetensors({ metadata: {}, tensors: list });
    expect(write(tensor, tensor)).toThrow(RangeError);
    expect(write({ ...tensor, name: '__metadata__' })).toThrow(RangeError);
    expect(write({ ...tensor, name: '7' })).toThrow(RangeError);
    expect(write({ ...tensor, shape: [2] })).toThrow(RangeError);
    expect(() => writeSafetensors({ metadata: { long: 'x'.repeat(1_000_000) }, tensors: [] })).toThrow(RangeError);
  });
});

describe('readSafetensors', () => {
  it('refuses every truncation, and every surplus byte', () => {
    for (let length = 0; length < SMALL.length; length++) {
      expect(readsOrRefuses(SMALL.subarray(0, length))).toBe('refused');
    }
    expect(readsOrRefuses(Uint8Array.of(...SMALL, 0))).toBe('refused');
  });

  it('answers every change of one byte of length or header with SafetensorsError or with a consistent file', () => {
    const headerEnd = SMALL.length - 16;
    const seen = { read: 0, refused: 0 };
    for (let at = 0; at < headerEnd; at++) {
      for (let by = 1; by < 256; by++) {
        const corrupt = SMALL.slice();
        corrupt[at] ^= by;
        seen[readsOrRefuses(corrupt)]++;
      }
    }
    // Other letters in a name are another valid file; most other bytes are not.
    expect(seen.read).toBeGreaterThan(0);
    expect(seen.refused).toBeGreaterThan(seen.read);
  });

  it('answers arbitrary bytes and arbitrary JSON in the same way', () => {
    const bodies = fc.uint8Array({ maxLength: 16 });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.tuple(fc.json(), bodies).map(([json, body]) => fileOf(json, body)),
        ),
        (file) => {
          expect(['read', 'refused']).toContain(readsOrRefuses(file));
        },
      ),
      { numRuns: 500 },
    );
    const entries = fc.record({
      dtype: fc.constantFrom('F32', 'F64', 'I8'),
      shape: fc.array(fc.oneof(fc.nat({ max: 3 }), fc.maxSafeInteger(), fc.double()), { maxLength: 3 }),
      data_offsets: fc.array(fc.oneof(fc.nat({ max: 16 }), fc.maxSafeInteger(), fc.double()), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.dictionary(names, entries, { maxKeys: 3 }), bodies, (header, body) => {
        expect(['read', 'refused']).toContain(readsOrRefuses(fileOf(header, body)));
      }),
      { numRuns: 500 },
    );
  });

  const eight = new Uint8Array(8);
  const lying = (length: bigint) => {
    const file = SMALL.slice();
    new DataView(file.buffer).setBigUint64(0, length, true);
    return file;
  };
  it.each([
    { fault: 'a header length of 2^64 − 1', file: lying(2n ** 64n - 1n) },
    { fault: 'a header length of 2^53', file: lying(2n ** 53n) },
    { fault: 'a header length beyond the file', file: lying(BigInt(SMALL.length)) },
    { fault: 'a header length of zero', file: lying(0n) },
    { fault: 'a header beyond 1 MB', file: fileOf(`{}${' '.repeat(1_000_000)}`) },
    { fault: 'a header of a million nested lists', file: fileOf('['.repeat(999_999)) },
    { fault: 'a header that is a list', file: fileOf([]) },
    { fault: 'a header that is not UTF-8', file: Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0xc3, 0x28) },
    { fault: 'metadata that is not text', file: fileOf({ __metadata__: { a: 1 } }) },
    { fault: 'an unknown dtype', file: fileOf({ a: { dtype: 'F16', shape: [4], data_offsets: [0, 8] } }, eight) },
    { fault: 'offsets that overlap', file: fileOf({ a: f32([1], 0, 4), b: f32([1], 0, 4) }, eight) },
    { fault: 'offsets with a gap', file: fileOf({ a: f32([1], 4, 8) }, eight) },
    { fault: 'offsets out of order', file: fileOf({ a: f32([1], 4, 8), b: f32([1], 0, 4) }, eight) },
    { fault: 'offsets that end before they begin', file: fileOf({ a: f32([], 4, 0) }, eight) },
    { fault: 'offsets beyond the file', file: fileOf({ a: f32([4], 0, 16) }, eight) },
    { fault: 'bytes that belong to no tensor', file: fileOf({ a: f32([1], 0, 4) }, eight) },
    { fault: 'a shape of another size than its bytes', file: fileOf({ a: f32([3], 0, 8) }, eight) },
    { fault: 'a negative size', file: fileOf({ a: f32([-1, -2], 0, 8) }, eight) },
    { fault: 'a size that is no whole number', file: fileOf({ a: f32([0.5, 4], 0, 8) }, eight) },
    {
      fault: 'sizes whose product is beyond every number',
      file: fileOf({ a: f32(new Array(60).fill(2 ** 50), 0, 8) }, eight),
    },
    {
      fault: 'the same name twice',
      file: fileOf(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        eight,
      ),
    },
  ])('refuses $fault', ({ file }) => {
    expect(() => readSafetensors(file)).toThrow(SafetensorsError);
  });
});
