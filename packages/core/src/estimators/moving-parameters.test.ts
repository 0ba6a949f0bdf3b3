/**
 * Estimators under which parameters move while states settle, with the optimizer that moves them.
 *
 *   continual   (θ₀ − θ_K) / η → the estimate of equilibrium propagation,     linearly in η
 *   agnostic    (θ₀ − θ_P) / ε(β₂ − β₁) → dC/dθ,      linearly in ε; in β linearly one-sided, quadratically centred
 */
import { describe, expect, it } from 'vitest';
import type { ParameterValues } from '../kernels/kernel-set.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { optimizerFrom } from '../optimizers/catalogue.ts';
import { type AgnosticNudging, agnosticEquilibriumPropagation } from './agnostic-equilibrium-propagation.ts';
import { continualEquilibriumPropagation } from './continual-equilibrium-propagation.ts';
import { equilibriumPropagation } from './equilibrium-propagation.ts';
import type { GradientEstimator } from './gradient-estimator.ts';
import { nudgedPhase, type Settling, settleFree } from './settling.ts';
import {
  drawOf,
  estimated,
  flat,
  kernelsFor,
  moved,
  norm,
  type Problem,
  relativeError,
  trueGradient,
} from './testing/gradient-check.ts';
import { fixtureP1, problemOf, SAMPLE_NETWORKS } from './testing/sample-problems.ts';

const P1 = fixtureP1();
const SETTLING: Settling = {
  freeSchedule: 'synchronous',
  schedule: 'synchronous',
  freeSteps: 1_000,
  nudgedSteps: 200,
  tolerance: 0,
  depth: 2,
};

/** How far the parameters came, over −rate, under gradient descent with that rate on all of them. */
function changePerRate(problem: Problem, estimator: GradientEstimator, rate: number) {
  const kernels = kernelsFor(referenceKernels, problem, estimator);
  const { connections, layers } = problem.model.network;
  const optimizer = optimizerFrom(
    {
      rule: { kind: 'gradient-descent' },
      learningRates: { weights: connections.map(() => rate), biases: layers.slice(1).map(() => rate), feedback: [] },
      weightDecay: 0,
      schedule: { kind: 'constant' },
      clipping: { kind: 'none' },
    },
    estimator,
  );
  let updates = 0;
  const estimate = estimator.estimate(kernels, drawOf(problem.samples), (gradient) => {
    // The rate is per sample, and updates use the mean.
    optimizer.update(kernels, gradient, { samples: 1, updates, epochs: 0 });
    updates++;
  });
  expect(estimate.kind).toBe('estimated');
  expect(updates).toBe(estimator.updatesPerBatch);
  const before = flat(problem.parameters);
  return flat(kernels.readParameters()).map((value, i) => (before[i] - value) / rate);
}

describe('continual equilibrium propagation', () => {
  it('differs from equilibrium propagation by the printed shares on fixture P-1', () => {
    const propagation = estimated(
      referenceKernels,
      P1,
      equilibriumPropagation({ kind: 'one-sided', beta: 0.1 }, SETTLING),
    );
    const continual = continualEquilibriumPropagation({ kind: 'one-sided', beta: 0.1 }, SETTLING);
    const errorAt = (rate: number) => relativeError(changePerRate(P1, continual, rate), propagation);
    // Two to three digits are printed.
    for (const [rate, printed] of [
      [0.1, 12.5],
      [0.01, 3.8],
      [1e-3, 0.119],
      [1e-4, 0.0107],
    ]) {
      expect(Math.abs(errorAt(rate) / printed - 1)).toBeLessThan(0.02);
    }
    // Linear where it is small.
    expect(Math.abs(errorAt(1e-4) / errorAt(1e-5) / 10 - 1)).toBeLessThan(0.02);
  });

  it.each(SAMPLE_NETWORKS.filter(({ isKinked }) => !isKinked))(
    'tends to it as the rate gets small: $title',
    (network) => {
      const isPredictive = network.model.properties.has('prediction-error');
      const settling: Settling = { ...SETTLING, freeSchedule: isPredictive ? 'feed-forward' : 'synchronous' };
      const problem = problemOf(network, 3);
      for (const [kind, sign] of [
        ['one-sided', 1],
        ['random-sign', -1],
      ] as const) {
        const nudging = { kind, beta: 0.1 };
        const propagation = estimated(referenceKernels, problem, equilibriumPropagation(nudging, settling), sign);
        const moving = continualEquilibriumPropagation(nudging, settling);
        if (sign < 0) {
          // With parameters that do not move at all, the sum of K contrasts is the contrast of the ends.
          expect(relativeError(estimated(referenceKernels, problem, moving, sign), propagation)).toBeLessThan(1e-11);
          continue;
        }
        const [coarse, fine] = [1e-5, 1e-6].map((rate) =>
          relativeError(changePerRate(problem, moving, rate), propagation),
        );
        expect(coarse).toBeLessThan(1e-3);
        expect(Math.abs(coarse / fine / 10 - 1)).toBeLessThan(0.05);
      }
    },
  );
});

describe('agnostic equilibrium propagation', () => {
  const agnostic = (kind: AgnosticNudging['kind'], beta: number, parameterIterations: number, nudgedSteps = 400) =>
    agnosticEquilibriumPropagation({ kind, beta, parameterIterations }, { ...SETTLING, nudgedSteps });
  /** Change of the parameters over −ε (β₂ − β₁) dC/dθ, along dC/dθ. */
  const ratioOf = (change: readonly number[], gradient: readonly number[]) =>
    change.reduce((sum, value, i) => sum + value * gradient[i], 0) / norm(gradient) ** 2;
  const gradientOf = (problem: Problem) =>
    trueGradient(referenceKernels, problem, (kernels) => settleFree(kernels, SETTLING, 'zeros'));

  it.each([0.2, 0.1, 0.05])('takes shorter steps optimistic, longer ones pessimistic, on P-1 at beta %d', (beta) => {
    const gradient = gradientOf(P1);
    const softness = 0.002;
    const [optimistic, pessimistic, centred] = (['optimistic', 'pessimistic', 'centred'] as const).map((kind) =>
      ratioOf(changePerRate(P1, agnostic(kind, beta, 20), softness * beta), gradient),
    );
    expect(optimistic).toBeLessThan(1);
    expect(pessimistic).toBeGreaterThan(1);
    expect(Math.abs(centred - 1)).toBeLessThan(Math.min(1 - optimistic, pessimistic - 1));
    expect(Math.abs(centred - 1)).toBeLessThan(0.03);
  });

  const network = SAMPLE_NETWORKS.find(({ title }) => title === 'prototypical, dense, nudge inside');
  if (network === undefined) throw new Error('no such network');
  const problem = problemOf(network, 5);
  const gradient = gradientOf(problem);

  it('ends where parameters and states rest together, held by controls that stand where phase 1 put them', () => {
    const [beta, softness] = [0.2, 0.02];
    const change = changePerRate(problem, agnostic('centred', beta, 40), softness * beta);
    // ∂E/∂θ of states that settle anew, from zeros, at given parameters.
    const slopeAt = (parameters: ParameterValues, strength: number) => {
      const kernels = kernelsFor(referenceKernels, { ...problem, parameters });
      const teaching = { kind: 'nudge', beta: strength } as const;
      settleFree(kernels, SETTLING, 'zeros');
      kernels.settle(nudgedPhase({ ...SETTLING, nudgedSteps: 1_000 }, teaching, 0, 1, undefined));
      const terms = [{ below: 1, above: 1, coefficient: -1, weights: 'feedforward' }] as const;
      kernels.addToGradients({ terms, readoutAt: undefined });
      return flat(kernels.readBuffer(0));
    };
    const rested = change.reduce(
      (parameters, value, at) => moved(parameters, at, -softness * beta * value),
      problem.parameters,
    );
    const controls = slopeAt(problem.parameters, -beta / 2);
    const expected = slopeAt(rested, beta / 2).map((slope, i) => (slope - controls[i]) / beta);
    expect(relativeError(change, expected)).toBeLessThan(1e-9);
  });

  it('centred, is left with a share that is linear in epsilon', () => {
    const beta = 0.01;
    const errorAt = (softness: number) =>
      relativeError(changePerRate(problem, agnostic('centred', beta, 10), softness * beta), gradient);
    expect(errorAt(0.01)).toBeLessThan(0.2);
    // To a tenth: the next term of the series in ε and the square of β.
    expect(Math.abs(errorAt(0.01) / errorAt(0.005) / 2 - 1)).toBeLessThan(0.1);
    expect(Math.abs(errorAt(0.005) / errorAt(0.0025) / 2 - 1)).toBeLessThan(0.1);
  });

  it('centred, is left with a share that is quadratic in beta where epsilon is small', () => {
    const errorAt = (beta: number) =>
      relativeError(changePerRate(problem, agnostic('centred', beta, 10), 1e-7 * beta), gradient);
    expect(Math.abs(errorAt(0.2) / errorAt(0.1) / 4 - 1)).toBeLessThan(0.1);
    expect(Math.abs(errorAt(0.1) / errorAt(0.05) / 4 - 1)).toBeLessThan(0.1);
  });

  it.each(SAMPLE_NETWORKS.filter(({ model }) => model.network.readout === 'softmax-cross-entropy'))(
    'moves a softmax read-out once, whatever the number of iterations: $title',
    ({ title, ...others }) => {
      const isPredictive = others.model.properties.has('prediction-error');
      const settling: Settling = { ...SETTLING, freeSchedule: isPredictive ? 'feed-forward' : 'synchronous' };
      const classifying = problemOf({ title, ...others }, 1);
      const of = (parameterIterations: number) =>
        estimated(
          referenceKernels,
          classifying,
          agnosticEquilibriumPropagation({ kind: 'centred', beta: 0.1, parameterIterations }, settling),
        );
      // Parameters stay where they are here, so that iterations after the first change nothing.
      expect(relativeError(of(4), of(1))).toBeLessThan(1e-11);
    },
  );
});
