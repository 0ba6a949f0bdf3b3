/** The standard workloads: networks, steps and batches in which figures of different kernels and codes are compared. */
import {
  backpropagationRecipe,
  epRecipe,
  type MethodDescription,
  methodFrom,
  type NetworkSettings,
  type OptimizerDescription,
  prototypicalEpRecipe,
} from '@settle/core';
import { FEEDBACK_REGULATED_ROUNDING, feedbackRegulated } from './feedback-regulated.ts';
import type { StepCounts } from './useful-flops.ts';
import type { WorkloadParts } from './workload-parts.ts';

export interface Workload {
  readonly name: string;
  /** In a few words. */
  readonly about: string;
  readonly batches: readonly number[];
  readonly counts: StepCounts;
  /** By how much changes of parameters may differ besides `BOUNDS` for no other reason than float32 states; 0 where it is too little to count. */
  readonly roundingOfChanges: number;
  parts(): WorkloadParts;
}

const BATCHES = [20, 128];
const BETA = 0.5;

export const WORKLOADS: readonly Workload[] = [
  prototypical('p-512', [784, 512, 10], [30, 10], [0.08, 0.04]),
  prototypical('p-512-short', [784, 512, 10], [20, 4], [0.08, 0.04]),
  {
    name: 'e-500',
    about: 'energy-based EP, 784-500-10, T 20+4, dt 0.5, hard sigmoid',
    batches: BATCHES,
    counts: { freeSteps: 20, nudgedSteps: 4, outerProducts: 2 },
    roundingOfChanges: 0,
    parts: () =>
      partsOf(
        epRecipe({
          network: dense([784, 500, 10], 'hard-sigmoid'),
          ...settings([20, 4], [0.1, 0.05]),
          stepSize: 0.5,
          nudging: 'one-sided',
          beta: BETA,
        }),
      ),
  },
  prototypical('p-512x2', [784, 512, 512, 10], [30, 10], [0.2, 0.05, 0.005]),
  prototypical('p-1024x5', [784, 1024, 1024, 1024, 1024, 1024, 10], [30, 10], [0.2, 0.1, 0.05, 0.02, 0.01, 0.005]),
  {
    name: 'conv-mnist',
    about: 'prototypical EP, two 5 x 5 convolutions of 32 and 64 channels, max pooling 2, 10, T 20+4, hard sigmoid',
    batches: BATCHES,
    counts: { freeSteps: 20, nudgedSteps: 4, outerProducts: 2 },
    roundingOfChanges: 0,
    parts: () =>
      partsOf(
        prototypicalEpRecipe({
          network: {
            ...dense([784, 10], 'hard-sigmoid'),
            input: [1, 28, 28],
            layers: [pooledConvolution(32), pooledConvolution(64), 10],
          },
          ...settings([20, 4], [0.15, 0.035, 0.015]),
          stepSize: 1,
          nudge: 'inside',
          nudging: 'one-sided',
          beta: BETA,
        }),
      ),
  },
  {
    name: 'bp-512',
    about: 'backpropagation, 784-512-10, logistic',
    batches: BATCHES,
    counts: { freeSteps: 1, nudgedSteps: 0, outerProducts: 1 },
    roundingOfChanges: 0,
    parts: () =>
      partsOf(backpropagationRecipe({ network: dense([784, 512, 10], 'logistic'), ...settings([1, 1], [0.1, 0.1]) })),
  },
  feedbackRegulatedWorkload('fre-512x2', [784, 512, 512, 10], [10, 10]),
  feedbackRegulatedWorkload('fre-512x3', [784, 512, 512, 512, 10], [18, 10]),
];

type Steps = readonly [free: number, nudged: number];

function prototypical(name: string, layers: readonly number[], steps: Steps, rates: readonly number[]): Workload {
  const [freeSteps, nudgedSteps] = steps;
  return {
    name,
    about: `prototypical EP, ${layers.join('-')}, T ${freeSteps}+${nudgedSteps}, logistic`,
    batches: BATCHES,
    counts: { freeSteps, nudgedSteps, outerProducts: 2 },
    roundingOfChanges: 0,
    parts: () =>
      partsOf(
        prototypicalEpRecipe({
          network: dense(layers, 'logistic'),
          ...settings(steps, rates),
          stepSize: 1,
          nudge: 'inside',
          nudging: 'one-sided',
          beta: BETA,
        }),
      ),
  };
}

function feedbackRegulatedWorkload(name: string, layerSizes: readonly number[], steps: Steps): Workload {
  const [freeSteps, nudgedSteps] = steps;
  return {
    name,
    about: `FRE-RNN, ${layerSizes.join('-')}, T ${freeSteps}+${nudgedSteps}, tanh, softmax, Adam`,
    batches: [500],
    counts: { freeSteps, nudgedSteps, outerProducts: 1 },
    roundingOfChanges: FEEDBACK_REGULATED_ROUNDING,
    parts: () => feedbackRegulated({ layerSizes, freeSteps, nudgedSteps }),
  };
}

function partsOf(description: MethodDescription): WorkloadParts {
  const { model, estimator, optimizer } = methodFrom(description);
  return {
    network: model.network,
    initialization: description.initialization,
    estimator,
    optimizer,
    prepare() {},
  };
}

/** Settling, optimizer and initialization; rates input layer first, about those of the papers, so that training works. */
function settings([freeSteps, nudgedSteps]: Steps, rates: readonly number[]) {
  const optimizer: OptimizerDescription = {
    rule: { kind: 'gradient-descent' },
    learningRates: { weights: rates, biases: rates, feedback: [] },
    weightDecay: 0,
    schedule: { kind: 'constant' },
    clipping: { kind: 'none' },
  };
  return {
    settling: {
      freeSchedule: 'synchronous',
      schedule: 'synchronous',
      freeSteps,
      nudgedSteps,
      tolerance: 0,
      initialStates: 'zeros',
    },
    optimizer,
    initialization: { name: 'fan-in-uniform', gains: [], binary: false },
  } as const;
}

function dense([input = 1, ...layers]: readonly number[], activation: NetworkSettings['activation']): NetworkSettings {
  return {
    input: [input, 1, 1],
    layers,
    skips: [],
    activation,
    outputActivation: activation,
    readout: 'squared-error',
    feedback: 'symmetric',
  };
}

function pooledConvolution(channels: number) {
  return { channels, kernelSize: 5, stride: 1, padding: 0, pooling: { kind: 'max', size: 2 } } as const;
}

/** Throws RangeError on a name that is not in the list. */
export function workloadNamed(name: string): Workload {
  const workload = WORKLOADS.find((candidate) => candidate.name === name);
  if (workload === undefined) throw new RangeError(`there is no workload ${name}`);
  return workload;
}
