/**
 * One small method for each recipe, with settings by which it learns the generated data of ../../training/testing/sessions.ts:
 * dense layers on points of 8 features, convolutions on images of 6 x 6, four classes.
 */
import type { ActivationName } from '../../activations/catalogue.ts';
import type { DataPreparation } from '../../datasets/presentation.ts';
import type { LayerShape } from '../../kernels/network.ts';
import type { InitializationDescription } from '../../models/initialization.ts';
import type { LayerSettings, NetworkSettings } from '../../models/network-structure.ts';
import type { OptimizerDescription } from '../../optimizers/optimizer-description.ts';
import type { DataName } from '../../training/testing/sessions.ts';
import { agnosticEpRecipe } from '../agnostic-ep.ts';
import { backpropagationRecipe } from '../backpropagation.ts';
import { backpropagationThroughTimeRecipe } from '../backpropagation-through-time.ts';
import { binaryEpRecipe } from '../binary-ep.ts';
import { continualEpRecipe } from '../continual-ep.ts';
import { contrastiveLearningRecipe } from '../contrastive-learning.ts';
import { convolutionalEpRecipe } from '../convolutional-ep.ts';
import { coupledLearningRecipe } from '../coupled-learning.ts';
import { epRecipe } from '../ep.ts';
import { feedbackAlignmentRecipe } from '../feedback-alignment.ts';
import { forwardForwardRecipe } from '../forward-forward.ts';
import { holomorphicEpRecipe } from '../holomorphic-ep.ts';
import { hopfieldResnetEpRecipe } from '../hopfield-resnet-ep.ts';
import { type Method, methodFrom } from '../method.ts';
import type { MethodDescription, MethodSettings, SettlingDescription } from '../method-description.ts';
import { nonReciprocalEpRecipe } from '../non-reciprocal-ep.ts';
import { predictiveCodingRecipe } from '../predictive-coding.ts';
import { prototypicalEpRecipe } from '../prototypical-ep.ts';

export interface RecipeCase {
  readonly recipe: string;
  readonly method: Method;
  readonly on: DataName;
  readonly preparation: DataPreparation;
  /** With which it learns the data. */
  readonly epochs: number;
}

export const POINTS: LayerShape = [8, 1, 1];
const IMAGES: LayerShape = [1, 6, 6];
const CLASSES = 4;

export const glorot: InitializationDescription = { name: 'glorot-uniform', gains: [], binary: false };
const fanIn: InitializationDescription = { name: 'fan-in-uniform', gains: [], binary: false };

/** A chain with a squared error; `output` differs from `activation` where outputs have one of their own. */
export function chain(
  input: LayerShape,
  layers: readonly LayerSettings[],
  activation: ActivationName,
  output: ActivationName = activation,
): NetworkSettings {
  return {
    input,
    layers: [...layers, CLASSES],
    skips: [],
    activation,
    outputActivation: output,
    readout: 'squared-error',
    feedback: 'symmetric',
  };
}

/** Plain gradient descent at a rate per connection, and the same for the biases of the layer above it. */
export function descent(weights: readonly number[], biases = weights): OptimizerDescription {
  return {
    rule: { kind: 'gradient-descent' },
    learningRates: { weights, biases, feedback: [] },
    weightDecay: 0,
    schedule: { kind: 'constant' },
    clipping: { kind: 'none' },
  };
}

export function settling(freeSteps: number, nudgedSteps: number, others: Partial<SettlingDescription> = {}) {
  return {
    freeSchedule: 'synchronous',
    schedule: 'synchronous',
    freeSteps,
    nudgedSteps,
    tolerance: 0,
    initialStates: 'zeros',
    ...others,
  } as const satisfies SettlingDescription;
}

const evenOdd = { freeSchedule: 'even-odd', schedule: 'even-odd' } as const;

/** What most dense methods share. */
function dense(activation: ActivationName, rates: readonly number[], others: Partial<MethodSettings> = {}) {
  return {
    network: chain(POINTS, [16], activation),
    settling: settling(20, 8),
    optimizer: descent(rates),
    initialization: glorot,
    ...others,
  } as const satisfies MethodSettings;
}

function caseOf(description: MethodDescription, others: Partial<RecipeCase> = {}): RecipeCase {
  return {
    recipe: description.recipe,
    method: methodFrom(description),
    on: 'blobs',
    preparation: {},
    epochs: 8,
    ...others,
  };
}

const NORMALIZED: DataPreparation = { normalization: { kind: 'per-channel', deviationScale: 1 } };
const convolution = { channels: 6, kernelSize: 3, stride: 1, padding: 1, pooling: null } as const;

export const EVERY_RECIPE: readonly RecipeCase[] = [
  caseOf(epRecipe({ ...dense('hard-sigmoid', [0.4, 0.2]), stepSize: 0.5, nudging: 'random-sign', beta: 0.5 })),
  caseOf(
    prototypicalEpRecipe({
      ...dense('logistic', [0.4, 0.2]),
      stepSize: 1,
      nudge: 'outside',
      nudging: 'centred',
      beta: 0.2,
    }),
  ),
  caseOf(
    agnosticEpRecipe({
      // Phases go on from each other's ends: weights so large that there are several would keep it at the first.
      ...dense('hard-sigmoid', [0.2, 0.1], {
        settling: settling(40, 20),
        initialization: { ...glorot, gains: [0.5, 0.5] },
      }),
      stepSize: 0.5,
      nudging: 'centred',
      beta: 0.5,
      parameterIterations: 2,
    }),
  ),
  caseOf(
    continualEpRecipe({
      // What is left of the free motion is learnt at every step, so there are few.
      ...dense('logistic', [0.2, 0.1], { settling: settling(20, 4) }),
      stepSize: 1,
      nudge: 'inside',
      nudging: 'one-sided',
      beta: 0.6,
    }),
  ),
  caseOf(
    coupledLearningRecipe({ ...dense('hard-sigmoid', [0.4, 0.2]), stepSize: 0.5, nudging: 'centred', fraction: 0.5 }),
  ),
  caseOf(contrastiveLearningRecipe({ ...dense('hard-sigmoid', [0.4, 0.2]), stepSize: 0.5 })),
  caseOf(
    binaryEpRecipe({
      ...dense('hard-sigmoid', [], {
        network: chain(POINTS, [48], 'hard-sigmoid'),
        settling: settling(40, 10, evenOdd),
        optimizer: {
          ...descent([], [0.1, 0.05]),
          rule: { kind: 'binary-flip', momentumGains: [0.01, 0.01], thresholds: [1e-3, 1e-3] },
        },
      }),
      stepSize: 0.5,
      nudging: 'centred',
      beta: 0.3,
    }),
  ),
  caseOf(holomorphicEpRecipe({ ...dense('logistic', [0.8, 0.4]), beta: 0.4, points: 4 })),
  caseOf(
    nonReciprocalEpRecipe({
      ...dense('logistic', [], {
        optimizer: {
          ...descent([0.4, 0.2]),
          learningRates: { weights: [0.4, 0.2], biases: [0.4, 0.2], feedback: [0, 0.2] },
        },
      }),
      stepSize: 0.5,
      beta: 0.1,
    }),
  ),
  caseOf(
    predictiveCodingRecipe({
      ...dense('tanh', [0.1, 0.1], {
        network: chain(POINTS, [16], 'tanh', 'identity'),
        settling: settling(1, 20),
      }),
      stepSize: 0.2,
    }),
  ),
  caseOf(backpropagationRecipe(dense('logistic', [0.8, 0.4]))),
  caseOf(
    feedbackAlignmentRecipe(
      dense('logistic', [], {
        optimizer: {
          ...descent([0.8, 0.4]),
          learningRates: { weights: [0.8, 0.4], biases: [0.8, 0.4], feedback: [0, 0] },
        },
      }),
    ),
  ),
  caseOf(backpropagationThroughTimeRecipe({ ...dense('logistic', [0.8, 0.4]), stepSize: 1 })),
  caseOf(
    forwardForwardRecipe({
      ...dense('clipped-relu', [], {
        network: { ...chain(IMAGES, [32], 'clipped-relu'), readout: 'softmax-cross-entropy' },
        initialization: { ...glorot, name: 'kaiming-uniform' },
        optimizer: {
          ...descent([0.01, 0.01]),
          rule: { kind: 'adam', firstMomentDecay: 0.9, secondMomentDecay: 0.999, epsilon: 1e-8 },
        },
      }),
      threshold: 1,
    }),
    { on: 'glyphs', epochs: 16 },
  ),
  caseOf(
    convolutionalEpRecipe({
      network: chain(IMAGES, [{ ...convolution, pooling: { kind: 'max', size: 2 } }], 'hard-sigmoid', 'identity'),
      settling: settling(20, 8, evenOdd),
      optimizer: { ...descent([0.1, 0.05]), rule: { kind: 'momentum', momentum: 0.9 } },
      initialization: { ...fanIn, gains: [0.5, 0.5] },
      nudging: 'centred',
      beta: 0.25,
    }),
    { on: 'glyphs', preparation: NORMALIZED },
  ),
  caseOf(
    hopfieldResnetEpRecipe({
      network: {
        ...chain(
          IMAGES,
          [
            { ...convolution, channels: 3 },
            { ...convolution, channels: 4, stride: 2 },
          ],
          'clipped-relu',
          'identity',
        ),
        skips: [{ from: 0, to: 2, kernelSize: 1, stride: 2, padding: 0 }],
      },
      settling: settling(20, 8, evenOdd),
      optimizer: {
        ...descent([0.06, 0.06, 0.06, 0.06], [0.06, 0.06, 0.06]),
        rule: { kind: 'nesterov', momentum: 0.9 },
        weightDecay: 2.5e-4,
      },
      initialization: { ...fanIn, gains: [0.6, 0.7, 0.6, 0.8] },
      beta: 0.1,
    }),
    { on: 'glyphs', preparation: NORMALIZED, epochs: 5 },
  ),
];
