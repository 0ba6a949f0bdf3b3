/** Do the updates of a nudged phase match backpropagation through time, step by step? On MNIST images, in float64. */
import {
  epRecipe,
  type MethodDescription,
  methodFrom,
  prototypicalEpRecipe,
  referenceKernels,
  unrolledAgreement,
} from '@settle/core';
import type { Experiment } from './experiment.ts';
import { loadMnist } from './mnist-training.ts';

const SAMPLES = 5;
const STEPS = 15;
/** Small, so that what is left is rounding and not curvature; float64 resolves differences of 1e-6 to 1e-10. */
const BETA = 1e-6;

const COMMON = {
  optimizer: {
    rule: { kind: 'gradient-descent' },
    learningRates: { weights: [0.1, 0.1], biases: [0.1, 0.1], feedback: [] },
    weightDecay: 0,
    schedule: { kind: 'constant' },
    clipping: { kind: 'none' },
  },
  initialization: { name: 'fan-in-uniform', gains: [], binary: false },
  nudging: 'one-sided',
  beta: 0.1,
} as const;

/** One network of each model, settled far below β. */
const METHODS: readonly MethodDescription[] = [
  prototypicalEpRecipe({ ...COMMON, ...networkOf(150), stepSize: 1, nudge: 'inside' }),
  epRecipe({ ...COMMON, ...networkOf(400), stepSize: 0.2 }),
];

export const STEP_BY_STEP_EXPERIMENT: Experiment = {
  id: 'ep-vs-bptt',
  source:
    'Ernoult et al., NeurIPS 2019, arXiv:1905.13633, theorem 1, on 784-256-10 at random weights: prototypical with tanh, nudge inside, and deep Hopfield with tanh',
  quantity: `largest relative difference of a step's update from the unrolled gradient's, ${STEPS} steps, β = ${BETA}`,
  published: 'equal in the limit of small β',
  accept: [0, 1e-4],
  expectedMinutes: 1,
  async run(seed, report) {
    const { train } = await loadMnist();
    let worst = 0;
    for (const description of METHODS) {
      const options = { seed, samples: SAMPLES, beta: BETA, steps: STEPS };
      const differences = unrolledAgreement(methodFrom(description), referenceKernels, train, options);
      worst = Math.max(worst, ...differences);
      report(`seed ${seed}: ${description.model.kind}, ${differences.map((d) => d.toExponential(1)).join(' ')}`);
    }
    return { kind: 'measured', value: worst };
  },
};

function networkOf(freeSteps: number) {
  return {
    network: {
      input: [784, 1, 1],
      layers: [256, 10],
      skips: [],
      activation: 'tanh',
      outputActivation: 'tanh',
      readout: 'squared-error',
      feedback: 'symmetric',
    },
    settling: {
      freeSchedule: 'synchronous',
      schedule: 'synchronous',
      freeSteps,
      nudgedSteps: STEPS,
      tolerance: 0,
      initialStates: 'zeros',
    },
  } as const;
}
