import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSafetensors, SafetensorsError, writeSafetensors } from '../checkpoints/safetensors.ts';
import { epRecipe } from '../recipes/equilibrium-propagation.ts';
import { prototypicalEpRecipe } from '../recipes/prototypical-equilibrium-propagation.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';

const SETTINGS = {
  activation: 'hard-sigmoid',
  nudging: { kind: 'random-sign', beta: 0.1 + 0.2 },
  freeSteps: 20,
  nudgedSteps: 4,
} as const;

const counts = fc.maxSafeNat();
const sums = fc.double({ min: 0, noDefaultInfinity: true, noNaN: true }).map((sum) => sum + 0);

const checkpoints: fc.Arbitrary<Checkpoint> = fc
  .record({ layerSizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 4 }), wide: fc.boolean() })
  .chain(({ layerSizes, wide }) => {
    const above = layerSizes.slice(1);
    const learningRates = above.map((_, k) => 0.1 / (k + 1));
    const values = (length: number): fc.Arbitrary<Float32Array | Float64Array> =>
      wide
        ? fc.float64Array({ minLength: length, maxLength: length })
        : fc.float32Array({ minLength: length, maxLength: length });
    return fc.record({
      method: fc.constantFrom(
        epRecipe({ ...SETTINGS, layerSizes, learningRates, stepSize: 0.5 }).description,
        prototypicalEpRecipe({ ...SETTINGS, layerSizes, learningRates, nudge: 'outside' }).description,
      ),
      kernelSet: fc.constant(wide ? 'reference' : 'wasm'),
      seed: counts,
      dataset: fc.string({ unit: 'binary' }),
      batchSize: counts,
      position: fc.record({
        epoch: counts,
        batch: counts,
        sums: fc.record({ samples: counts, cost: sums, correct: counts, residual: sums }),
      }),
      parameters: fc.record({
        weights: fc.tuple(...above.map((size, k) => values(size * layerSizes[k]))),
        biases: fc.tuple(...above.map(values)),
      }),
    });
  });

const [SAMPLE] = fc.sample(checkpoints, { numRuns: 1, seed: 1 });

/** The sample's file with its JSON header changed. */
function withHeader(change: (header: Record<string, unknown>) => unknown): Uint8Array {
  const { metadata, tensors } = readSafetensors(encodeCheckpoint(SAMPLE));
  const header: Record<string, unknown> = JSON.parse(metadata.settle);
  return writeSafetensors({ metadata: { ...metadata, settle: JSON.stringify(change(header)) }, tensors });
}

/** Decodes a file that may be broken: only the two promised errors may come out. */
function decodesOrRefuses(file: Uint8Array): 'decoded' | 'refused' {
  try {
    decodeCheckpoint(file);
    return 'decoded';
  } catch (error) {
    if (error instanceof SafetensorsError || error instanceof RangeError) return 'refused';
    throw error;
  }
}

describe('a checkpoint', () => {
  it('is decoded to exactly what was encoded, bit for bit, and encoded again to the same bytes', () => {
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        const file = encodeCheckpoint(checkpoint);
        const decoded = decodeCheckpoint(file);
        // toEqual tells NaN, −0 and the element type apart.
        expect(decoded).toEqual(checkpoint);
        expect(Buffer.compare(encodeCheckpoint(decoded), file)).toBe(0);
      }),
    );
  });

  it('is decoded from a Buffer as from any bytes', () => {
    expect(decodeCheckpoint(Buffer.from(encodeCheckpoint(SAMPLE)))).toEqual(SAMPLE);
  });

  it('is refused in every truncation', () => {
    const file = encodeCheckpoint(SAMPLE);
    for (let length = 0; length < file.length; length++) {
      expect(decodesOrRefuses(file.subarray(0, length))).toBe('refused');
    }
  });

  it('with one byte changed anywhere, ends in no error but the two promised', () => {
    const file = encodeCheckpoint(SAMPLE);
    fc.assert(
      fc.property(fc.nat({ max: file.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const corrupt = file.slice();
        corrupt[at] ^= by;
        expect(['decoded', 'refused']).toContain(decodesOrRefuses(corrupt));
      }),
      { numRuns: 3_000 },
    );
  });

  it('with any JSON for a header, ends in no error but the two promised', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (header) => {
        expect(decodesOrRefuses(withHeader(() => header))).toBe('refused');
      }),
    );
  });

  it.each(['format', 'method', 'kernelSet', 'seed', 'dataset', 'position'])('is refused without %s', (field) => {
    expect(decodesOrRefuses(withHeader((header) => header))).toBe('decoded');
    expect(decodesOrRefuses(withHeader(({ [field]: _, ...others }) => others))).toBe('refused');
  });

  it('is refused when a count is no count, for training would start from a place that does not exist', () => {
    for (const wrong of [-1, 0.5, 2 ** 53, '0', null]) {
      const { position } = SAMPLE;
      expect(decodesOrRefuses(withHeader((header) => ({ ...header, seed: wrong })))).toBe('refused');
      for (const part of ['epoch', 'batch'] as const) {
        const moved = { ...position, [part]: wrong };
        expect(decodesOrRefuses(withHeader((header) => ({ ...header, position: moved })))).toBe('refused');
      }
      for (const part of ['samples', 'correct'] as const) {
        const moved = { ...position, sums: { ...position.sums, [part]: wrong } };
        expect(decodesOrRefuses(withHeader((header) => ({ ...header, position: moved })))).toBe('refused');
      }
    }
  });

  it('is refused with SafetensorsError when a tensor is missing or of another shape, or the metadata is foreign', () => {
    const { metadata, tensors } = readSafetensors(encodeCheckpoint(SAMPLE));
    tensors.forEach((tensor, at) => {
      const others = tensors.filter((_, i) => i !== at);
      const reshaped = { ...tensor, shape: [...tensor.shape, 1] };
      for (const list of [others, [...others, { ...tensor, name: 'other' }], [...others, reshaped]]) {
        expect(() => decodeCheckpoint(writeSafetensors({ metadata, tensors: list }))).toThrow(SafetensorsError);
      }
    });
    for (const foreign of [{}, { settle: 'not json' }, { settle: 'null' }, { settle: '[]' }, { settle: '7' }]) {
      expect(() => decodeCheckpoint(writeSafetensors({ metadata: foreign, tensors }))).toThrow(SafetensorsError);
    }
  });
});
