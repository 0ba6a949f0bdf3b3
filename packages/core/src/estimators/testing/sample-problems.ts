/**
 * Small random networks of every kind, on which the laws of estimators are checked.
 *
 * Weights are uniform on ± spread / √n_in, with spreads so small that every relaxation contracts: a rest state is then the
 * only one, and a few hundred steps reach it to the last bits. Labels lie away from where outputs settle, for without an
 * error there is no gradient to estimate.
 */
import {
  biasCount,
  feedsBack,
  type NetworkDescription,
  type Pooling,
  unitsOf,
  weightShape,
} from '../../kernels/network.ts';
import { deepHopfield } from '../../models/deep-hopfield.ts';
import type { LayeredModel } from '../../models/layered-model.ts';
import {
  denseNetwork,
  type NetworkSettings,
  type NetworkStructure,
  networkStructure,
} from '../../models/network-structure.ts';
import { predictiveCoding } from '../../models/predictive-coding.ts';
import { prototypical } from '../../models/prototypical.ts';
import { randomStream } from '../../tensor/random.ts';
import type { Problem } from './gradient-check.ts';

type Range = readonly [lowest: number, highest: number];

export interface SampleNetwork {
  readonly title: string;
  readonly model: LayeredModel;
  /** Of weights, relative to 1 / √n_in. */
  readonly spread: number;
  readonly biases: Range;
  /** Of labels under a squared error; a softmax read-out has one class right. */
  readonly labels: Range;
  /** Whether a pooling chooses, so that states must keep away from ties. */
  readonly isKinked: boolean;
}

const DENSE: NetworkSettings = {
  input: [3, 1, 1],
  layers: [4, 2],
  skips: [],
  activation: 'tanh',
  outputActivation: 'tanh',
  readout: 'squared-error',
  feedback: 'symmetric',
};
/** Input to layer 2 and layer 1 to the outputs. */
const SKIPS: NetworkSettings['skips'] = [
  { from: 0, to: 2, kernelSize: 0, stride: 1, padding: 0 },
  { from: 1, to: 3, kernelSize: 0, stride: 1, padding: 0 },
];
const dense = denseNetwork([3, 4, 2], 'tanh');
const deep = networkStructure({ ...DENSE, layers: [3, 3, 2] });
const skipping = networkStructure({ ...DENSE, layers: [3, 3, 2], skips: SKIPS, outputActivation: 'identity' });
const classifying = networkStructure({ ...DENSE, layers: [3, 3, 3], readout: 'softmax-cross-entropy' });
const pooled = (kind: Pooling['kind'], activation: NetworkSettings['activation'] = 'tanh'): NetworkStructure =>
  networkStructure({
    ...DENSE,
    input: [1, 4, 4],
    layers: [{ channels: 2, kernelSize: 3, stride: 1, padding: 1, pooling: { kind, size: 2 } }, 2],
    activation,
    outputActivation: activation,
  });

const network = (title: string, model: LayeredModel, others: Partial<SampleNetwork> = {}): SampleNetwork => ({
  title: `${model.name}, ${title}`,
  model,
  spread: 0.6,
  biases: [-0.3, 0.3],
  labels: [0.6, 0.9],
  isKinked: model.network.connections.some((c) => c.kind === 'convolution' && c.pooling?.kind === 'max'),
  ...others,
});

/** High enough that no state of the deep Hopfield energy is clipped at zero, where it would not be smooth. */
const AWAY_FROM_CLIPS = { spread: 0.2, biases: [0.3, 0.4] } as const;
/** Nothing bends a linear output's answer down, so its weights have to be smaller. */
const LINEAR_OUTPUTS = { spread: 0.4 } as const;
const inside = { nudge: 'inside', stepSize: 1 } as const;

export const SAMPLE_NETWORKS: readonly SampleNetwork[] = [
  network('dense', deepHopfield(dense, 0.7)),
  network('logistic', deepHopfield(denseNetwork([3, 3, 2], 'logistic'), 0.7), AWAY_FROM_CLIPS),
  network('skips and linear outputs', deepHopfield(skipping, 0.6), LINEAR_OUTPUTS),
  network('softmax read-out', deepHopfield(classifying, 0.7)),
  network('average pooling', deepHopfield(pooled('average'), 0.7)),
  network('softmax pooling', deepHopfield(pooled('softmax'), 0.7)),
  network('max pooling', deepHopfield(pooled('max'), 0.7)),
  network('dense, nudge inside', prototypical(deep, inside)),
  network('logistic, nudge inside', prototypical(denseNetwork([3, 4, 2], 'logistic'), inside)),
  network('dense, nudge outside', prototypical(dense, { nudge: 'outside', stepSize: 1 })),
  network(
    'logistic, nudge outside',
    prototypical(denseNetwork([3, 4, 2], 'logistic'), { nudge: 'outside', stepSize: 1 }),
  ),
  network('damped', prototypical(dense, { nudge: 'inside', stepSize: 0.6 })),
  network('skips and linear outputs', prototypical(skipping, inside), LINEAR_OUTPUTS),
  network('softmax read-out', prototypical(classifying, inside)),
  network('average pooling', prototypical(pooled('average'), inside)),
  network('softmax pooling', prototypical(pooled('softmax'), inside)),
  network('max pooling', prototypical(pooled('max'), inside)),
  network('smooth hard sigmoid', prototypical(denseNetwork([3, 4, 2], 'holomorphic-hard-sigmoid'), inside)),
  network('dense', predictiveCoding(deep, 0.4)),
  network('softmax read-out', predictiveCoding(classifying, 0.4)),
  network('average pooling', predictiveCoding(pooled('average'), 0.2)),
];

/** A problem on a network, the same for the same seed. */
export function problemOf({ model, spread, biases, labels }: SampleNetwork, seed: number, samples = 1): Problem {
  const stream = randomStream(seed, 'problem');
  const { network: description } = model;
  const { layers, connections, readout } = description;
  const classes = unitsOf(layers[layers.length - 1]);
  const drawn = (name: string, length: number, [lowest, highest]: Range) => {
    const entries = stream.split(name);
    return Float64Array.from({ length }, (_, i) => lowest + entries.uniform(i) * (highest - lowest));
  };
  const weights = (name: string) =>
    connections.map((connection, k) => {
      const [first, ...others] = weightShape(description, connection);
      const rest = others.reduce((product, size) => product * size, 1);
      // Dense weights are [below, above], a convolution's [above, below, side, side].
      const bound = spread / Math.sqrt(connection.kind === 'dense' ? first : rest);
      return drawn(`${name} ${k}`, first * rest, [-bound, bound]);
    });
  const rightClass = Float64Array.from({ length: samples * classes }, (_, i) => {
    const right = Math.floor(stream.split('class').uniform(Math.floor(i / classes)) * classes);
    return i % classes === right ? 1 : 0;
  });
  return {
    model,
    parameters: {
      weights: weights('weights'),
      biases: layers.slice(1).map((shape, k) => drawn(`biases ${k}`, biasCount(shape), biases)),
      feedback: description.feedback === 'symmetric' ? [] : feedbackOf(description, weights('feedback')),
    },
    inputs: drawn('inputs', samples * unitsOf(layers[0]), [0.2, 1]),
    labels: readout === 'squared-error' ? drawn('labels', samples * classes, labels) : rightClass,
    samples,
  };
}

function feedbackOf(description: NetworkDescription, drawn: readonly Float64Array[]): readonly Float64Array[] {
  return description.connections.map((connection, k) =>
    feedsBack(description, connection) ? drawn[k] : new Float64Array(0),
  );
}

/**
 * Fixture P-1: 5 inputs, 6 hidden and 3 output units of tanh, nudge inside, x_j = cos j, W1_kj = 0.4 sin kj,
 * W2_kj = 0.5 cos kj, b1_k = 0.1 sin k, b2_k = 0.1 cos k, indices from 1. It contracts slowly, and a step of β = 0.1 is far.
 */
export function fixtureP1(): Problem {
  const vector = (length: number, entry: (index: number) => number) =>
    Float64Array.from({ length }, (_, i) => entry(i + 1));
  // Both matrices are symmetric in their indices, so it does not matter which index is the unit below.
  const matrix = (below: number, above: number, entry: (product: number) => number) =>
    Float64Array.from({ length: below * above }, (_, at) => entry((Math.floor(at / above) + 1) * ((at % above) + 1)));
  return {
    model: prototypical(denseNetwork([5, 6, 3], 'tanh'), { nudge: 'inside', stepSize: 1 }),
    parameters: {
      weights: [matrix(5, 6, (kj) => 0.4 * Math.sin(kj)), matrix(6, 3, (kj) => 0.5 * Math.cos(kj))],
      biases: [vector(6, (k) => 0.1 * Math.sin(k)), vector(3, (k) => 0.1 * Math.cos(k))],
      feedback: [],
    },
    inputs: vector(5, Math.cos),
    labels: Float64Array.of(0.8, -0.5, 0.1),
    samples: 1,
  };
}
