/**
 * Networks whose couplings are not symmetric, against finite differences of the settled cost by all parameters, feedback
 * weights included.
 *
 *   corrected, centred   ĝ = dC/dθ + O(β²)         the plain contrast: another direction altogether
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { squaredError } from '../models/cost.ts';
import type { LayeredModel } from '../models/layered-model.ts';
import { type NetworkSettings, networkStructure } from '../models/network-structure.ts';
import { prototypical } from '../models/prototypical.ts';
import { missingProperties } from './compatibility.ts';
import { equilibriumPropagation } from './equilibrium-propagation.ts';
import { nonReciprocalEquilibriumPropagation } from './non-reciprocal-equilibrium-propagation.ts';
import { type Settling, settleFree } from './settling.ts';
import { estimated, type Problem, relativeError, trueGradient } from './testing/gradient-check.ts';
import { problemOf, type SampleNetwork } from './testing/sample-problems.ts';

const SETTLING: Settling = {
  freeSchedule: 'synchronous',
  schedule: 'synchronous',
  freeSteps: 1_000,
  nudgedSteps: 1_000,
  tolerance: 1e-14,
  depth: 3,
};
const FIVE_UNITS: NetworkSettings = {
  input: [3, 1, 1],
  layers: [3, 2],
  skips: [],
  activation: 'tanh',
  outputActivation: 'tanh',
  readout: 'squared-error',
  feedback: 'separate',
};
const network = (
  title: string,
  settings: Partial<NetworkSettings>,
  nudge: 'inside' | 'outside' = 'inside',
  stepSize = 1,
) => ({
  title,
  model: prototypical(networkStructure({ ...FIVE_UNITS, ...settings }), { nudge, stepSize }),
  spread: 0.8,
  biases: [-0.3, 0.3] as const,
  labels: [0.6, 0.9] as const,
  isKinked: false,
});
const convolved = { channels: 2, kernelSize: 2, stride: 1, padding: 0, pooling: null };
const fiveUnits = network('five units', {}, 'inside', 0.5);
const NETWORKS: readonly SampleNetwork[] = [
  fiveUnits,
  network('three layers with skips and linear outputs', {
    layers: [3, 3, 2],
    skips: [{ from: 1, to: 3, kernelSize: 0, stride: 1, padding: 0 }],
    outputActivation: 'identity',
  }),
  network('a nudge outside', {}, 'outside'),
  network('a softmax read-out', { layers: [3, 3, 3], readout: 'softmax-cross-entropy' }),
  network('convolutions', { input: [1, 3, 3], layers: [convolved, convolved, 2] }),
];

const trueOf = (problem: Problem) => {
  const { network: description } = problem.model;
  // The nudge enters outside σ in either case, and belongs to the read-out's cost in either case: F loses β ∂C/∂s.
  const cost: LayeredModel['cost'] | undefined =
    description.readout === 'squared-error'
      ? (_, states, labels) => squaredError(states[states.length - 1], labels)
      : undefined;
  return trueGradient(referenceKernels, problem, (kernels) => settleFree(kernels, SETTLING, 'zeros'), cost);
};
const corrected = (problem: Problem, beta: number) =>
  estimated(referenceKernels, problem, nonReciprocalEquilibriumPropagation(beta, SETTLING));

describe.each(NETWORKS)('a non-reciprocal network: $title', (sample) => {
  it('has an error quadratic in beta', () => {
    expect(missingProperties(sample.model, nonReciprocalEquilibriumPropagation(0.1, SETTLING))).toEqual([]);
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const problem = problemOf(sample, seed, 2);
        const gradient = trueOf(problem);
        const [whole, half] = [0.02, 0.01].map((beta) => relativeError(corrected(problem, beta), gradient));
        fc.pre(whole > 1e-7);
        expect(whole).toBeLessThan(0.02);
        // To a tenth: what the term of fourth order adds.
        expect(Math.abs(whole / half / 4 - 1)).toBeLessThan(0.1);
      }),
      { numRuns: 6 },
    );
  });
});

describe('five units with asymmetric weights', () => {
  const problem = problemOf({ ...fiveUnits, spread: 1 }, 2);
  const gradient = trueOf(problem);
  const own = (values: readonly number[]) => values.slice(-6);
  const forward = (values: readonly number[]) => values.slice(0, -6);

  it('give errors below 1e-2 at beta 0.1, which quarter with it, for forward and feedback weights each', () => {
    for (const part of [forward, own]) {
      const errors = [0.1, 0.05, 0.025].map((beta) => relativeError(part(corrected(problem, beta)), part(gradient)));
      expect(errors[0]).toBeLessThan(1e-2);
      expect(Math.abs(errors[0] / errors[1] / 4 - 1)).toBeLessThan(0.05);
      expect(Math.abs(errors[1] / errors[2] / 4 - 1)).toBeLessThan(0.05);
    }
  });

  it('mislead the plain contrast', () => {
    const plain = equilibriumPropagation({ kind: 'centred', beta: 0.05 }, SETTLING);
    expect(missingProperties(fiveUnits.model, plain)).toHaveLength(1);
    const estimate = estimated(referenceKernels, problem, plain);
    expect(relativeError(forward(estimate), forward(gradient))).toBeGreaterThan(0.3);
  });
});
