/**
 * Backpropagation through time against finite differences.
 *
 *   ĝ = dC(s_T)/dθ with s_{T−K} held, exactly, for every K < T
 *   ĝ → dC(s_T)/dθ as K grows: what earlier steps would add falls like the contraction to the power K
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NetworkKernels, Slot } from '../kernels/kernel-set.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { softmaxCrossEntropy, squaredError } from '../models/cost.ts';
import { deepHopfield } from '../models/deep-hopfield.ts';
import type { LayeredModel } from '../models/layered-model.ts';
import { networkStructure } from '../models/network-structure.ts';
import { prototypical } from '../models/prototypical.ts';
import { backpropagationThroughTime } from './backpropagation-through-time.ts';
import { missingProperties } from './compatibility.ts';
import { FREE } from './gradient-estimator.ts';
import {
  estimated,
  kernelsFor,
  type Problem,
  relativeError,
  runEstimator,
  trueGradient,
} from './testing/gradient-check.ts';
import { problemOf, SAMPLE_NETWORKS, type SampleNetwork } from './testing/sample-problems.ts';

/** What finite differences leave where the steepest activation, the logistic, bends most: h⁴ times its fifth derivative. */
const EXACT = 1e-8;
const HELD: Slot = 1;

const throughTime = (freeSteps: number, nudgedSteps: number) =>
  backpropagationThroughTime({
    freeSchedule: 'synchronous',
    schedule: 'synchronous',
    freeSteps,
    nudgedSteps,
    tolerance: 0,
    depth: 1,
  });

const run = (kernels: NetworkKernels, from: Slot | 'zeros', into: Slot, steps: number) =>
  kernels.settle({
    from,
    into,
    schedule: 'synchronous',
    teaching: { kind: 'none' },
    steps,
    tolerance: 0,
    leastSteps: 1,
    interruptible: false,
  });

/** Of the read-out: how a nudge would enter does not matter where nothing is nudged. */
const readoutCost =
  ({ network }: LayeredModel): LayeredModel['cost'] =>
  (parameters, states, labels) =>
    network.readout === 'squared-error'
      ? squaredError(states[states.length - 1], labels)
      : softmaxCrossEntropy(network, parameters, states[states.length - 2], labels);

/** Finite differences of the cost after `steps` steps from the states that the problem's own parameters reach before. */
function truncatedGradient(problem: Problem, stepsBefore: number, steps: number): readonly number[] {
  const base = kernelsFor(referenceKernels, problem);
  if (stepsBefore > 0) run(base, 'zeros', HELD, stepsBefore);
  const { layers } = problem.model.network;
  return trueGradient(
    referenceKernels,
    problem,
    (kernels) => {
      for (let layer = 1; layer < layers.length; layer++) {
        kernels.writeStates(HELD, layer, base.readStates(HELD, layer));
      }
      return run(kernels, HELD, FREE, steps);
    },
    readoutCost(problem.model),
  );
}

/** Separate feedback weights, which get gradients of their own. */
const separate = (
  title: string,
  make: (structure: ReturnType<typeof networkStructure>) => LayeredModel,
): SampleNetwork => ({
  title,
  model: make(
    networkStructure({
      input: [3, 1, 1],
      layers: [3, 3, 2],
      skips: [{ from: 1, to: 3, kernelSize: 0, stride: 1, padding: 0 }],
      activation: 'tanh',
      outputActivation: 'identity',
      readout: 'squared-error',
      feedback: 'separate',
    }),
  ),
  spread: 0.6,
  biases: [-0.3, 0.3],
  labels: [0.6, 0.9],
  isKinked: false,
});

const NETWORKS = [
  ...SAMPLE_NETWORKS.filter(({ model }) => missingProperties(model, throughTime(2, 1)).length === 0),
  separate('prototypical, separate feedback', (s) => prototypical(s, { nudge: 'inside', stepSize: 0.8 })),
  separate('deep-hopfield, separate feedback', (s) => deepHopfield(s, 0.6)),
];

describe.each(NETWORKS)('backpropagation through time on $title', (network) => {
  it('is the gradient through the last K steps', () => {
    fc.assert(
      fc.property(
        network.isKinked ? fc.constantFrom(1, 2, 3, 5, 6, 7) : fc.nat(),
        fc.constantFrom<[number, number]>([1, 1], [2, 3], [6, 2], [1, 8]),
        (seed, [before, kept]) => {
          const problem = problemOf(network, seed, 2);
          const gradient = truncatedGradient(problem, before, kept);
          const estimate = estimated(referenceKernels, problem, throughTime(before + kept, kept));
          expect(relativeError(estimate, gradient)).toBeLessThan(EXACT);
        },
      ),
      { numRuns: 5 },
    );
  });

  it('with K = T − 1 is the gradient of the cost after T steps, but for what the first of many steps still matters', () => {
    const problem = problemOf(network, 2, 1);
    const gradient = trueGradient(
      referenceKernels,
      problem,
      (kernels) => run(kernels, 'zeros', FREE, 120),
      readoutCost(network.model),
    );
    expect(relativeError(estimated(referenceKernels, problem, throughTime(120, 119)), gradient)).toBeLessThan(EXACT);
  });
});

describe('backpropagation through time', () => {
  it('reports the T steps of its phase', () => {
    const { estimate } = runEstimator(referenceKernels, problemOf(SAMPLE_NETWORKS[0], 1), throughTime(9, 4));
    expect(estimate).toMatchObject({ kind: 'estimated', free: { steps: 9, reason: 'steps' }, nudgedSlot: FREE });
  });
});
