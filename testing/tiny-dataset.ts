/** A dataset that fits in a test: 4 x 4 pixels, two classes, left half bright or right half bright. */
import type { RecipeName } from '@settle/contracts';
import type { NewDataset } from '@settle/store';

const SIDE = 4;

export function tinyDataset(): NewDataset {
  return {
    name: 'tiny',
    features: SIDE * SIDE,
    classes: 2,
    trainSamples: 40,
    testSamples: 10,
    trainImages: images(40),
    trainLabels: labels(40),
    testImages: images(10),
    testLabels: labels(10),
  };
}

/** A job on it that is valid and takes a moment. */
export const TINY_JOB = {
  recipe: 'ep',
  dataset: { name: 'tiny' },
  network: { layers: [16, 8, 2] },
  training: { epochs: 2, batch_size: 4 },
} as const;

const CONVOLUTION = { channels: 4, kernel: 3, padding: 1 } as const;
const DENSE = { layers: [16, 8, 2] } as const;

/** The network of a tiny job by recipe; everything else is the recipe's default. */
const TINY_NETWORKS = {
  ep: DENSE,
  'prototypical-ep': DENSE,
  'convolutional-ep': {
    layers: [[1, 4, 4], { ...CONVOLUTION, pooling: { kind: 'max', size: 2 } }, CONVOLUTION, 2],
  },
  'hopfield-resnet-ep': { layers: [[1, 4, 4], { ...CONVOLUTION, stride: 2 }, { ...CONVOLUTION, stride: 2 }, 2] },
  'holomorphic-ep': DENSE,
  'continual-ep': DENSE,
  'agnostic-ep': DENSE,
  'coupled-learning': DENSE,
  'contrastive-learning': DENSE,
  'non-reciprocal-ep': DENSE,
  'binary-ep': DENSE,
  backpropagation: DENSE,
  'feedback-alignment': DENSE,
  'backpropagation-through-time': DENSE,
  'predictive-coding': DENSE,
  'forward-forward': { layers: [16, 8, 8, 2] },
} as const satisfies Record<RecipeName, object>;

/** A job of any recipe that takes a moment. */
export function tinyJob(recipe: RecipeName) {
  return {
    recipe,
    dataset: { name: 'tiny' },
    network: TINY_NETWORKS[recipe],
    training: { epochs: 2, batch_size: 4 },
  };
}

function images(count: number): Uint8Array {
  const pixels = Uint8Array.from({ length: count * SIDE * SIDE }, (_, at) => {
    const sample = Math.floor(at / (SIDE * SIDE));
    const left = at % SIDE < SIDE / 2;
    return left === (sample % 2 === 0) ? 200 + (sample % 50) : sample % 30;
  });
  return idx([count, SIDE, SIDE], pixels);
}

function labels(count: number): Uint8Array {
  return idx(
    [count],
    Uint8Array.from({ length: count }, (_, sample) => sample % 2),
  );
}

function idx(shape: readonly number[], values: Uint8Array): Uint8Array {
  const file = new Uint8Array(4 + 4 * shape.length + values.length);
  const view = new DataView(file.buffer);
  file[2] = 8;
  file[3] = shape.length;
  shape.forEach((size, d) => {
    view.setUint32(4 + 4 * d, size);
  });
  file.set(values, 4 + 4 * shape.length);
  return file;
}
