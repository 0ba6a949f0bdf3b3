/** A checkpoint gives back every bit that was put into it, and what is not a checkpoint is refused by one of two errors. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSafetensors, SafetensorsError, writeSafetensors } from '../checkpoints/safetensors.ts';
import type { ParameterValues, Values } from '../kernels/kernel-set.ts';
import { biasCount, feedsBack, lastSettlingLayer, unitsOf, weightShape } from '../kernels/network.ts';
import { modelFrom } from '../models/catalogue.ts';
import { EVERY_RECIPE } from '../recipes/testing/every-recipe.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';

const counts = fc.maxSafeNat();
// JSON keeps no sign of a zero.
const finite = fc.double({ noDefaultInfinity: true, noNaN: true }).map((sum) => sum + 0);
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

/** Any values of a type, NaN and -0 among them. */
function valuesOf(length: number, isWide: boolean): fc.Arbitrary<Values> {
  const size = { minLength: length, maxLength: length };
  return isWide ? fc.float64Array(size) : fc.float32Array(size);
}

const product = (shape: readonly number[]) => shape.reduce((entries, size) => entries * size, 1);

/** Checkpoints of every recipe, with dense and convolutional layers, with and without weights for feedback. */
const checkpoints: fc.Arbitrary<Checkpoint> = fc
  .record({ method: fc.constantFrom(...EVERY_RECIPE.map(({ method }) => method.description)), isWide: fc.boolean() })
  .chain(({ method, isWide }) => {
    const { network } = modelFrom(method.model, method.network);
    const list = (lengths: readonly number[]) => fc.tuple(...lengths.map((length) => valuesOf(length, isWide)));
    const weights = network.connections.map((connection) => product(weightShape(network, connection)));
    const parameters: fc.Arbitrary<ParameterValues> = fc.record({
      weights: list(weights),
      biases: list(network.layers.slice(1).map(biasCount)),
      feedback: list(
        network.feedback === 'symmetric'
          ? []
          : network.connections.map((c, k) => (feedsBack(network, c) ? weights[k] : 0)),
      ),
    });
    const units = network.layers.slice(1, lastSettlingLayer(network) + 1).map(unitsOf);
    const best = maybe(
      fc.record({ epoch: counts, validationAccuracy: finite, validationCost: finite, testAccuracy: finite }),
    );
    return fc.record({
      method: fc.constant(method),
      kernelSet: fc.string(),
      seed: counts,
      dataset: fc.string({ unit: 'binary' }),
      trainSamples: counts,
      validationSamples: counts,
      batchSize: counts,
      preparation: fc.record({
        normalization: fc.oneof(
          fc.constant({ kind: 'none' } as const),
          fc.record({ kind: fc.constant('per-channel'), deviationScale: finite }),
        ),
        augmentation: maybe(
          fc.record({ cropPadding: counts, cropFill: fc.constantFrom('edge', 'zero'), flip: fc.boolean() }),
        ),
      }),
      earlyStopping: maybe(fc.record({ patienceEpochs: counts, leastImprovement: finite })),
      position: fc.record({
        epoch: counts,
        batch: counts,
        sums: fc.record({
          samples: counts,
          cost: finite,
          correct: counts,
          freeResidual: finite,
          nudgedResidual: finite,
          freeSteps: counts,
          nudgedSteps: counts,
        }),
        best,
        improved: best,
      }),
      parameters,
      optimizerBuffers: fc.array(parameters, { maxLength: 2 }),
      carriedStates: fc
        .nat({ max: 3 })
        .chain((rows) => (rows === 0 ? fc.constant<Values[]>([]) : list(units.map((size) => rows * size)))),
    });
  });

/** One with everything in it: convolutions, buffers, states. */
const [SAMPLE] = fc.sample(
  checkpoints.filter(
    ({ method, optimizerBuffers, carriedStates, position, preparation, earlyStopping }) =>
      method.recipe === 'convolutional-ep' &&
      optimizerBuffers.length > 0 &&
      carriedStates.length > 0 &&
      position.best !== undefined &&
      preparation.augmentation !== undefined &&
      preparation.normalization?.kind === 'per-channel' &&
      earlyStopping !== undefined,
  ),
  { numRuns: 1, seed: 1 },
);
const FILE = encodeCheckpoint(SAMPLE);

/** The sample's file with its JSON header replaced. */
function withHeader(header: unknown): Uint8Array {
  const { metadata, tensors } = readSafetensors(FILE);
  return writeSafetensors({ metadata: { ...metadata, settle: JSON.stringify(header) }, tensors });
}

const HEADER: unknown = JSON.parse(readSafetensors(FILE).metadata.settle);

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

type Path = readonly (string | number)[];

/** Paths to everything inside a JSON value, fields of fields and entries of lists included. */
function pathsIn(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inside = Object.entries(value).flatMap(([key, part]) => pathsIn(part, [...path, key]));
  return path.length === 0 ? inside : [path, ...inside];
}

/** A JSON value with one part replaced; without it where `wrong` is undefined. */
function replaced(value: unknown, [key, ...rest]: Path, wrong: unknown): unknown {
  if (typeof value !== 'object' || value === null) throw new Error('no such path');
  const part = Object.entries(value).find(([name]) => name === String(key))?.[1];
  const changed = rest.length === 0 ? wrong : replaced(part, rest, wrong);
  if (Array.isArray(value)) return value.map((entry: unknown, at) => (String(at) === String(key) ? changed : entry));
  return { ...value, [String(key)]: changed };
}

/** The same value, its fields written in the opposite order. */
function turned<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return value;
  const copy = { ...value };
  for (const key of Reflect.ownKeys(copy)) Reflect.deleteProperty(copy, key);
  for (const [key, part] of Object.entries(value).toReversed()) Reflect.set(copy, key, turned(part));
  return copy;
}

describe('a checkpoint', () => {
  it('is decoded to exactly what was encoded, bit for bit, and encoded again to the same bytes', () => {
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        const file = encodeCheckpoint(checkpoint);
        const decoded = decodeCheckpoint(file);
        // toEqual tells NaN, -0 and the element type apart.
        expect(decoded).toEqual({
          ...checkpoint,
          method: { ...checkpoint.method, initialization: { biasGain: 1, ...checkpoint.method.initialization } },
        });
        expect(Buffer.compare(encodeCheckpoint(decoded), file)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('has the same bytes in whatever order a caller wrote the fields', () => {
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        const other = turned(checkpoint);
        expect(Object.keys(other)).toEqual(Object.keys(checkpoint).reverse());
        expect(Object.keys(other.method.settling)).toEqual(Object.keys(checkpoint.method.settling).reverse());
        expect(Buffer.compare(encodeCheckpoint(other), encodeCheckpoint(checkpoint))).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('is decoded from a Buffer as from any bytes', () => {
    expect(decodeCheckpoint(Buffer.from(FILE))).toEqual(decodeCheckpoint(FILE));
  });
});

describe('a file that is no checkpoint', () => {
  it('is refused in every truncation of its header, and without its last byte', () => {
    const headerBytes = Number(new DataView(FILE.buffer).getBigUint64(0, true)) + 8;
    for (let length = 0; length <= headerBytes; length += 7) {
      expect(decodesOrRefuses(FILE.subarray(0, length))).toBe('refused');
    }
    expect(decodesOrRefuses(FILE.subarray(0, FILE.length - 1))).toBe('refused');
  });

  it('with one byte changed anywhere, ends in no error but the two promised', () => {
    fc.assert(
      fc.property(fc.nat({ max: FILE.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const corrupt = FILE.slice();
        corrupt[at] ^= by;
        expect(['decoded', 'refused']).toContain(decodesOrRefuses(corrupt));
      }),
      { numRuns: 1_000 },
    );
  });

  it('with any JSON for a header, ends in no error but the two promised', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (header) => {
        expect(decodesOrRefuses(withHeader(header))).toBe('refused');
      }),
    );
  });

  it('is refused without any one field of its header, and with a field of another type', () => {
    expect(decodesOrRefuses(withHeader(HEADER))).toBe('decoded');
    const optional = /^(method\.initialization\.biasGain|method\.optimizer\.schedule\.warmUpEpochs)$/;
    for (const path of pathsIn(HEADER)) {
      const isListed = path.some((key) => /^\d+$/.test(String(key)));
      if (!isListed && !optional.test(path.join('.'))) {
        expect([path, decodesOrRefuses(withHeader(replaced(HEADER, path, undefined)))]).toEqual([path, 'refused']);
      }
      for (const wrong of [[null], { no: 'such field' }]) {
        expect([path, decodesOrRefuses(withHeader(replaced(HEADER, path, wrong)))]).toEqual([path, 'refused']);
      }
    }
  });

  it('with any one part of its header replaced by any JSON, ends in no error but the two promised', () => {
    const hostile = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(-1, 0, 0.5, 2 ** 53, 1e300, -1e300, '', 'none', [], {}, null, true),
    );
    fc.assert(
      fc.property(fc.constantFrom(...pathsIn(HEADER)), hostile, (path, wrong) => {
        expect(['decoded', 'refused']).toContain(decodesOrRefuses(withHeader(replaced(HEADER, path, wrong))));
      }),
      { numRuns: 1_500 },
    );
  });

  it.each([
    'seed',
    'trainSamples',
    'validationSamples',
    'batchSize',
    'position.epoch',
    'position.batch',
    'position.sums.samples',
    'position.sums.correct',
    'position.sums.freeSteps',
    'position.best.epoch',
    'preparation.augmentation.cropPadding',
    'earlyStopping.patienceEpochs',
  ])('is refused when the count %s is no count, and the message names it', (name) => {
    const path = name.split('.');
    for (const wrong of [-1, 0.5, 2 ** 53, '0', null]) {
      const file = withHeader(replaced(HEADER, path, wrong));
      expect(() => decodeCheckpoint(file)).toThrow(SafetensorsError);
      expect(() => decodeCheckpoint(file)).toThrow(path.at(-1));
    }
  });

  it.each([
    { path: ['format'], wrong: 1, message: 'checkpoint format 1 is not 2' },
    { path: ['preparation', 'augmentation', 'flip'], wrong: 'yes', message: 'flip' },
    { path: ['preparation', 'augmentation', 'cropFill'], wrong: 'mean', message: 'cropFill' },
    { path: ['preparation', 'normalization', 'kind'], wrong: 'whitening', message: 'normalization.kind' },
  ])('is refused with $path of $wrong', ({ path, wrong, message }) => {
    const file = withHeader(replaced(HEADER, path, wrong));
    expect(() => decodeCheckpoint(file)).toThrow(SafetensorsError);
    expect(() => decodeCheckpoint(file)).toThrow(message);
  });

  it.each([
    { path: ['method', 'network', 'input'], wrong: [1, 2, 2], message: 'a convolution of 3 x 3 leaves nothing' },
    { path: ['method', 'network', 'layers'], wrong: [], message: 'at least an input and an output' },
    { path: ['method', 'network', 'activation'], wrong: 'tanhh', message: 'network.activation' },
    { path: ['method', 'model', 'stepSize'], wrong: 0, message: 'step size' },
    {
      path: ['method', 'network', 'skips'],
      wrong: [{ from: 0.5, to: 2, kernelSize: 0, stride: 1, padding: 0 }],
      message: 'from',
    },
  ])('is refused with RangeError when no network can be built of its $path', ({ path, wrong, message }) => {
    const header = replaced(HEADER, ['method', 'network', 'layers', 0, 'padding'], 0);
    const file = withHeader(replaced(header, path, wrong));
    expect(() => decodeCheckpoint(file)).toThrow(RangeError);
    expect(() => decodeCheckpoint(file)).toThrow(message);
  });

  it('is refused when a tensor is missing or of another shape, or the metadata is foreign', () => {
    const { metadata, tensors } = readSafetensors(FILE);
    tensors.forEach((tensor, at) => {
      const others = tensors.filter((_, i) => i !== at);
      const reshaped = { ...tensor, shape: [...tensor.shape, 1] };
      expect(() => decodeCheckpoint(writeSafetensors({ metadata, tensors: [...others, reshaped] }))).toThrow(
        SafetensorsError,
      );
      // Buffers and states begin with their first tensor: without it, there are fewer, which a session refuses.
      if (tensor.name.startsWith('states.') || /optimizer\.\d+\.weights\.0/.test(tensor.name)) return;
      expect(() => decodeCheckpoint(writeSafetensors({ metadata, tensors: others }))).toThrow(SafetensorsError);
    });
    for (const foreign of [{}, { settle: 'not json' }, { settle: 'null' }, { settle: '[]' }, { settle: '7' }]) {
      expect(() => decodeCheckpoint(writeSafetensors({ metadata: foreign, tensors }))).toThrow(SafetensorsError);
    }
  });
});
