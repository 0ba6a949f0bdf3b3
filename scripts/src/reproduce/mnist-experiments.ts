/** Published test errors on MNIST, in per cent. */
import {
  epRecipe,
  holomorphicEpRecipe,
  type InitialStates,
  type MethodDescription,
  type NetworkSettings,
  type OptimizerDescription,
  prototypicalEpRecipe,
} from '@settle/core';
import type { Experiment } from './experiment.ts';
import { type MnistTraining, mnistTestError } from './mnist-training.ts';

const EP_2017 =
  'Scellier & Bengio 2017, doi:10.3389/fncom.2017.00024, with the settings of the authors’ code; tested from zero states';
const ERNOULT_2019 = 'Ernoult et al., NeurIPS 2019, arXiv:1905.13633';
const UNIT = 'MNIST test error after the last epoch, %';

export const MNIST_EXPERIMENTS: readonly Experiment[] = [
  experiment({
    id: 'ep-2017-1h',
    source: `${EP_2017}: 784-500-10, persistent states, random sign; our β is twice theirs, for C = ½‖y − s‖²`,
    published: '2-3 % for 1 to 3 hidden layers',
    accept: [2, 3],
    expectedMinutes: 3,
    epochs: 25,
    heldOut: 10_000,
    description: ep2017([784, 500, 10], { freeSteps: 20, nudgedSteps: 4, beta: 1, rates: [0.2, 0.1] }),
  }),
  experiment({
    id: 'ep-2017-2h',
    source: `${EP_2017}: 784-500-500-10, persistent states, random sign; our β is twice theirs, for C = ½‖y − s‖²`,
    published: '2-3 % for 1 to 3 hidden layers',
    accept: [2, 3],
    expectedMinutes: 90,
    epochs: 60,
    heldOut: 10_000,
    description: ep2017([784, 500, 500, 10], { freeSteps: 150, nudgedSteps: 6, beta: 2, rates: [0.8, 0.2, 0.02] }),
  }),
  experiment({
    id: 'p-ep-2h',
    source: `${ERNOULT_2019}: 784-512-512-10, one-sided, nudge outside σ`,
    published: '1.95 ± 0.1 %',
    accept: [1.85, 2.05],
    expectedMinutes: 70,
    epochs: 50,
    heldOut: 0,
    description: prototypicalEpRecipe({
      network: dense([784, 512, 512, 10]),
      settling: settling(100, 20),
      optimizer: descent([0.2, 0.05, 0.005]),
      initialization: fanInUniform(),
      stepSize: 1,
      nudge: 'outside',
      nudging: 'one-sided',
      beta: 0.5,
    }),
  }),
  experiment({
    id: 'p-ep-conv',
    source: `${ERNOULT_2019}: convolutions of 32 and 64 channels, 5 x 5, max pooling 2, hard sigmoid, nudge outside σ`,
    published: '1.02 %',
    accept: [0.92, 1.12],
    expectedMinutes: 900,
    epochs: 40,
    heldOut: 0,
    description: prototypicalEpRecipe({
      network: {
        ...dense([784, 10]),
        input: [1, 28, 28],
        layers: [pooledConvolution(32), pooledConvolution(64), 10],
        activation: 'hard-sigmoid',
        outputActivation: 'hard-sigmoid',
      },
      settling: settling(200, 10),
      optimizer: descent([0.15, 0.035, 0.015]),
      initialization: fanInUniform(),
      stepSize: 1,
      nudge: 'outside',
      nudging: 'one-sided',
      beta: 0.4,
    }),
  }),
  experiment({
    id: 'centred-ep-mnist',
    source:
      'Laborieux et al. 2021, doi:10.3389/fnins.2021.633674: the multilayer check of its code, 784-512-10, T 30, K 10, β 0.1; rates and epochs of the one-layer net of arXiv:1905.13633',
    // No figure for this net is printed; the one-layer net of 2019 is its nearest relative.
    published: undefined,
    accept: [1.8, 2.2],
    expectedMinutes: 6,
    epochs: 30,
    heldOut: 0,
    description: prototypicalEpRecipe({
      network: dense([784, 512, 10]),
      settling: settling(30, 10),
      optimizer: descent([0.08, 0.04]),
      initialization: fanInUniform(),
      stepSize: 1,
      nudge: 'inside',
      nudging: 'centred',
      beta: 0.1,
    }),
  }),
  experiment({
    id: 'hep-mnist',
    source:
      'Laborieux & Zenke, NeurIPS 2022, arXiv:2209.00530, run logs of the authors: 784-256-256 and a softmax, N = 10, |β| = 0.4',
    published: '2.24, 2.68, 2.07 % (three seeds)',
    accept: [2.07, 2.68],
    expectedMinutes: 115,
    epochs: 50,
    heldOut: 0,
    description: holomorphicEpRecipe({
      network: { ...dense([784, 256, 256, 10]), readout: 'softmax-cross-entropy' },
      settling: settling(200, 50),
      optimizer: descent([0.05, 0.05, 0.05]),
      initialization: fanInUniform(),
      beta: 0.4,
      points: 10,
    }),
  }),
];

type MnistExperiment = Omit<Experiment, 'run' | 'quantity'> & Omit<MnistTraining, 'batchSize'>;

/** All of these papers train in batches of 20. */
const BATCH_SIZE = 20;

function experiment({ description, epochs, heldOut, ...about }: MnistExperiment): Experiment {
  return {
    ...about,
    quantity: UNIT,
    run: (seed, report) => mnistTestError({ description, epochs, heldOut, batchSize: BATCH_SIZE }, seed, report),
  };
}

function ep2017(
  layers: readonly number[],
  given: { freeSteps: number; nudgedSteps: number; beta: number; rates: readonly number[] },
): MethodDescription {
  return epRecipe({
    network: { ...dense(layers), activation: 'hard-sigmoid', outputActivation: 'hard-sigmoid' },
    settling: settling(given.freeSteps, given.nudgedSteps, 'persistent'),
    optimizer: descent(given.rates),
    initialization: { name: 'glorot-uniform', gains: [], binary: false },
    stepSize: 0.5,
    nudging: 'random-sign',
    beta: given.beta,
  });
}

function dense([input = 1, ...layers]: readonly number[]): NetworkSettings {
  return {
    input: [input, 1, 1],
    layers,
    skips: [],
    activation: 'logistic',
    outputActivation: 'logistic',
    readout: 'squared-error',
    feedback: 'symmetric',
  };
}

function pooledConvolution(channels: number) {
  return { channels, kernelSize: 5, stride: 1, padding: 0, pooling: { kind: 'max', size: 2 } } as const;
}

function settling(freeSteps: number, nudgedSteps: number, initialStates: InitialStates = 'zeros') {
  return {
    freeSchedule: 'synchronous',
    schedule: 'synchronous',
    freeSteps,
    nudgedSteps,
    tolerance: 0,
    initialStates,
  } as const;
}

/** Rates input layer first, for weights and the biases above them. */
function descent(rates: readonly number[]): OptimizerDescription {
  return {
    rule: { kind: 'gradient-descent' },
    learningRates: { weights: rates, biases: rates, feedback: [] },
    weightDecay: 0,
    schedule: { kind: 'constant' },
    clipping: { kind: 'none' },
  };
}

function fanInUniform() {
  return { name: 'fan-in-uniform', gains: [], binary: false } as const;
}
