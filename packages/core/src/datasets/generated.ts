/**
 * The catalogue of generated sets, for examples and tests: same options, same bytes.
 *
 * What all samples share (centres, patterns) comes from the seed alone; each sample then from its part and number. So
 * training and test data are of one kind and differ, and a longer set begins with the shorter one. Classes come in turn.
 */
import { unitsOf } from '../kernels/network.ts';
import { type RandomStream, randomStream } from '../tensor/random.ts';
import type { Dataset } from './dataset.ts';
import { blobs } from './generators/blobs.ts';
import { glyphs } from './generators/glyphs.ts';
import { rings } from './generators/rings.ts';
import { checkNoise, checkWhole, type SampleSource } from './generators/sample-source.ts';
import { twoMoons } from './generators/two-moons.ts';
import { xor } from './generators/xor.ts';

/** `noise` is a standard deviation, in units of the input's range unless the set says otherwise. */
export type GeneratedKind =
  | { readonly name: 'xor'; readonly copies?: number; readonly noise?: number }
  | { readonly name: 'blobs'; readonly classes?: number; readonly features?: number; readonly noise?: number }
  | { readonly name: 'rings'; readonly classes?: number; readonly noise?: number }
  | { readonly name: 'two-moons'; readonly noise?: number }
  | { readonly name: 'glyphs'; readonly classes?: number; readonly side?: number; readonly noise?: number };

export type GeneratedOptions = GeneratedKind & {
  readonly samples: number;
  readonly seed: number;
  readonly part: 'train' | 'test';
};

/** Labels are bytes. */
const MOST_CLASSES = 256;
const MOST_FEATURES = 4_096;
const LARGEST_SIDE = 64;
const MOST_SAMPLES = 1_000_000;

/** Throws RangeError, with the reason, on options outside their bounds. */
export function generatedDataset(options: GeneratedOptions): Dataset {
  const { name, samples, seed, part } = options;
  checkWhole('the number of samples', samples, 1, MOST_SAMPLES);
  const stream = randomStream(seed, 'generated').split(name);
  const source = sourceOf(options, stream.split('patterns'));
  const featureCount = unitsOf(source.shape);
  const inputs = new Uint8Array(samples * featureCount);
  const labels = new Uint8Array(samples);
  const values = new Float64Array(featureCount);
  const sampleDraws = stream.split(part);
  for (let sample = 0; sample < samples; sample++) {
    labels[sample] = source.write(sample, sampleDraws.split(sample), values);
    for (let i = 0; i < featureCount; i++) {
      inputs[sample * featureCount + i] = Math.round(255 * Math.min(Math.max(values[i], 0), 1));
    }
  }
  return {
    name,
    inputs,
    inputScale: 1 / 255,
    labels,
    sampleCount: samples,
    shape: source.shape,
    featureCount,
    classCount: source.classCount,
  };
}

function sourceOf(kind: GeneratedKind, patterns: RandomStream): SampleSource {
  switch (kind.name) {
    case 'xor': {
      const { copies = 1, noise = 0.05 } = kind;
      checkWhole('the number of copies', copies, 1, MOST_FEATURES / 2);
      checkNoise(noise);
      return xor(copies, noise);
    }
    case 'blobs': {
      const { classes = 4, features = 8, noise = 0.08 } = kind;
      checkWhole('the number of classes', classes, 2, MOST_CLASSES);
      checkWhole('the number of features', features, 1, MOST_FEATURES);
      checkNoise(noise);
      return blobs(classes, features, noise, patterns);
    }
    case 'rings': {
      const { classes = 2, noise = 0.02 } = kind;
      checkWhole('the number of classes', classes, 2, MOST_CLASSES);
      checkNoise(noise);
      return rings(classes, noise);
    }
    case 'two-moons': {
      const { noise = 0.1 } = kind;
      checkNoise(noise);
      return twoMoons(noise);
    }
    case 'glyphs': {
      const { classes = 10, side = 8, noise = 0.1 } = kind;
      checkWhole('the number of classes', classes, 2, MOST_CLASSES);
      checkWhole('the side of an image', side, 4, LARGEST_SIDE);
      checkNoise(noise);
      return glyphs(classes, side, noise, patterns);
    }
    default:
      kind satisfies never;
      throw new Error('unreachable generated set');
  }
}
