/**
 * Fixture P-1, a worked example with printed digits, and the order of errors below a softmax read-out.
 *
 * The printed errors have two to three digits, hence 2 %.
 */
import { describe, expect, it } from 'vitest';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { networkStructure } from '../models/network-structure.ts';
import { prototypical } from '../models/prototypical.ts';
import { equilibriumPropagation, type Nudging } from './equilibrium-propagation.ts';
import { FREE } from './gradient-estimator.ts';
import { holomorphicEquilibriumPropagation } from './holomorphic-equilibrium-propagation.ts';
import { type Settling, settleFree } from './settling.ts';
import {
  distance,
  estimated,
  kernelsFor,
  norm,
  relativeError,
  statesOf,
  trueGradient,
} from './testing/gradient-check.ts';
import { fixtureP1, problemOf } from './testing/sample-problems.ts';

const SETTLING: Settling = {
  freeSchedule: 'synchronous',
  schedule: 'synchronous',
  freeSteps: 2_000,
  nudgedSteps: 2_000,
  tolerance: 0,
  depth: 2,
};
const P1 = fixtureP1();
const GRADIENT = trueGradient(referenceKernels, P1, (kernels) => settleFree(kernels, SETTLING, 'zeros'));

const contrast = (nudging: Nudging, sign: 1 | -1 = 1) =>
  estimated(referenceKernels, P1, equilibriumPropagation(nudging, SETTLING), sign);
const circular = (beta: number, points: number) =>
  estimated(referenceKernels, P1, holomorphicEquilibriumPropagation({ beta, points }, SETTLING));

describe('fixture P-1', () => {
  it('settles to the printed outputs and cost', () => {
    const kernels = kernelsFor(referenceKernels, P1);
    settleFree(kernels, SETTLING, 'zeros');
    const states = statesOf(kernels, FREE, 0);
    const printed = [0.0158039, 0.51617307, 0.66795865];
    states[2].forEach((output, i) => {
      expect(output).toBeCloseTo(printed[i], 7);
    });
    expect(P1.model.cost(P1.parameters, states, P1.labels)).toBeCloseTo(0.985074125922, 11);
  });

  it('has a gradient of the printed length', () => {
    expect(norm(GRADIENT)).toBeCloseTo(6.0759823723, 9);
  });

  it.each([
    { beta: 0.1, oneSided: 1.9e-1, centred: 3.79e-2, four: 1.09e-2, eight: 3.2e-4 },
    { beta: 0.05, oneSided: 1.01e-1, centred: 9.87e-3, four: 6.9e-4, eight: 1.26e-6 },
    { beta: 0.025, oneSided: 5.1e-2, centred: 2.5e-3, four: 4.3e-5, eight: 4.9e-9 },
  ])('is estimated at beta $beta with the printed errors', ({ beta, oneSided, centred, four, eight }) => {
    const expectError = (estimate: readonly number[], printed: number) =>
      expect(Math.abs(relativeError(estimate, GRADIENT) / printed - 1)).toBeLessThan(0.02);
    expectError(contrast({ kind: 'one-sided', beta }), oneSided);
    expectError(contrast({ kind: 'centred', beta }), centred);
    expectError(circular(beta, 4), four);
    expectError(circular(beta, 8), eight);
  });

  it('has the centred estimate as the mean of the two of random sign, which on the circle is N = 2', () => {
    const lower = contrast({ kind: 'random-sign', beta: 0.1 }, -1);
    const mean = contrast({ kind: 'random-sign', beta: 0.1 }, 1).map((value, i) => (value + lower[i]) / 2);
    const centred = contrast({ kind: 'centred', beta: 0.1 });
    expect(distance(mean, centred)).toBeLessThan(1e-13);
    expect(distance(circular(0.1, 2), centred)).toBeLessThan(1e-13);
  });
});

describe('below a softmax read-out', () => {
  const model = prototypical(
    networkStructure({
      input: [4, 1, 1],
      layers: [3, 3, 3],
      skips: [],
      activation: 'tanh',
      outputActivation: 'tanh',
      readout: 'softmax-cross-entropy',
      feedback: 'symmetric',
    }),
    { nudge: 'inside', stepSize: 1 },
  );
  const ordinary = { title: '', model, biases: [-0.3, 0.3], labels: [0, 1], isKinked: false } as const;

  it.each([1, 2, 3])('a recurrent net of 6 units has centred errors of order 2 (seed %i)', (seed) => {
    const problem = problemOf({ ...ordinary, spread: 1 }, seed);
    const gradient = trueGradient(referenceKernels, problem, (kernels) => settleFree(kernels, SETTLING, 'zeros'));
    // The read-out's own weights, the last 9 of 30, and its biases, the last 3, learn without a bias.
    const settling = (values: readonly number[]) => [...values.slice(0, 21), ...values.slice(30, 36)];
    const [first, second, third] = [0.2, 0.1, 0.05].map((beta) => {
      const estimate = estimated(
        referenceKernels,
        problem,
        equilibriumPropagation({ kind: 'centred', beta }, SETTLING),
      );
      return relativeError(settling(estimate), settling(gradient));
    });
    expect(first).toBeLessThan(0.05);
    // To 5 %: what the terms of order 4 leave at these strengths.
    expect(Math.abs(first / second / 4 - 1)).toBeLessThan(0.05);
    expect(Math.abs(second / third / 4 - 1)).toBeLessThan(0.05);
  });

  it("the read-out's own weights learn exactly, whatever the strength of the nudge", () => {
    const problem = problemOf({ ...ordinary, spread: 1.5 }, 4);
    const gradient = trueGradient(referenceKernels, problem, (kernels) => settleFree(kernels, SETTLING, 'zeros'));
    const own = (values: readonly number[]) => [...values.slice(21, 30), ...values.slice(36)];
    for (const kind of ['one-sided', 'random-sign', 'centred'] as const) {
      const estimate = estimated(referenceKernels, problem, equilibriumPropagation({ kind, beta: 0.5 }, SETTLING));
      expect(relativeError(own(estimate), own(gradient))).toBeLessThan(1e-10);
    }
  });
});
