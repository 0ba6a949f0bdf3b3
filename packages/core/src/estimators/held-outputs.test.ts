/**
 * Outputs that are held.
 *
 *   one-sided   ĝ = d/dθ (E_held − E_free) / φ                 centred   ĝ = d/dθ (E_held at φ − E_held at −φ) / 2φ
 *
 * exactly, whatever φ, with the held values fixed. On the energy of prediction errors ĝ is backpropagation's gradient for the
 * errors e_L that the outputs are left with, up to O(‖y − o‖²). e_L = A (y − o) with a matrix A of the network, so the
 * direction is that of dC/dθ where there is one output, and not in general.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ParameterValues } from '../kernels/kernel-set.ts';
import { lastSettlingLayer } from '../kernels/network.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { upwardDrive } from '../models/interaction.ts';
import type { LayeredModel } from '../models/layered-model.ts';
import { denseNetwork } from '../models/network-structure.ts';
import { predictiveCoding } from '../models/predictive-coding.ts';
import { missingProperties } from './compatibility.ts';
import { FREE } from './gradient-estimator.ts';
import { type Holding, heldOutputs } from './held-outputs.ts';
import { nudgedPhase, type Settling, settleFree } from './settling.ts';
import {
  batchSum,
  estimated,
  finiteDifferences,
  kernelsFor,
  norm,
  type Problem,
  relativeError,
  runEstimator,
  statesOf,
  trueGradient,
} from './testing/gradient-check.ts';
import { problemOf, SAMPLE_NETWORKS, type SampleNetwork } from './testing/sample-problems.ts';

/** What finite differences of an order-1 energy, over φ, leave. */
const EXACT = 1e-8;
const FREE_STATES = 1;

const settlingOf = (model: LayeredModel): Settling => ({
  freeSchedule: model.properties.has('prediction-error') ? 'feed-forward' : 'synchronous',
  schedule: 'synchronous',
  freeSteps: 800,
  nudgedSteps: 400,
  tolerance: 0,
  depth: 3,
});

/** Finite differences of the settled energy, summed over the batch; `fraction` undefined leaves the outputs free. */
function energyGradient(problem: Problem, fraction: number | undefined): readonly number[] {
  const { model, samples } = problem;
  const settling = { ...settlingOf(model), tolerance: 1e-15 };
  const kernels = kernelsFor(referenceKernels, problem);
  settleFree(kernels, settling, 'zeros');
  const last = lastSettlingLayer(model.network);
  const layers = Array.from({ length: last }, (_, k) => k + 1);
  const free = layers.map((layer) => kernels.readStates(FREE, layer));
  return finiteDifferences(problem.parameters, (parameters) => {
    kernels.writeParameters(parameters);
    kernels.clamp(samples);
    if (fraction === undefined) settleFree(kernels, settling, 'zeros');
    else {
      // From the free states of the unmoved parameters, so that the held values are those of the estimate.
      for (const layer of layers) kernels.writeStates(FREE_STATES, layer, free[layer - 1]);
      kernels.settle(nudgedPhase(settling, { kind: 'hold', fraction }, FREE_STATES, FREE, undefined));
    }
    return batchSum(problem, (sample) => model.energy(parameters, statesOf(kernels, FREE, sample)));
  });
}

const holding = (model: LayeredModel, { kind, fraction }: Holding) =>
  heldOutputs({ kind, fraction }, settlingOf(model));
const combined = (one: readonly number[], other: readonly number[], separation: number) =>
  one.map((value, i) => (value - other[i]) / separation);

// The smooth hard sigmoid has no energy in closed form.
const NETWORKS = SAMPLE_NETWORKS.filter(
  ({ model }) =>
    missingProperties(model, holding(model, { kind: 'centred', fraction: 0.5 })).length === 0 &&
    model.network.activation !== 'holomorphic-hard-sigmoid',
);

describe.each(NETWORKS)('held outputs on $title', (network) => {
  const { model } = network;
  const everywhere = (law: (problem: Problem) => void) =>
    fc.assert(
      fc.property(network.isKinked ? fc.constantFrom(1, 2, 3, 5, 6, 7) : fc.nat(), (seed) => {
        law(problemOf(network, seed));
      }),
      { numRuns: 2 },
    );

  it('one-sided, give the slope of the energy that holding them takes', () => {
    everywhere((problem) => {
      const fraction = 0.4;
      const slope = combined(energyGradient(problem, fraction), energyGradient(problem, undefined), fraction);
      const estimate = estimated(referenceKernels, problem, holding(model, { kind: 'one-sided', fraction }));
      expect(relativeError(estimate, slope)).toBeLessThan(EXACT);
    });
  });

  it('centred, give the slope of half the difference between both sides', () => {
    everywhere((problem) => {
      // So near the free outputs that the far side does not leave the range of a logistic, where it has no energy.
      const fraction = 0.02;
      const slope = combined(energyGradient(problem, fraction), energyGradient(problem, -fraction), 2 * fraction);
      const estimate = estimated(referenceKernels, problem, holding(model, { kind: 'centred', fraction }));
      expect(relativeError(estimate, slope)).toBeLessThan(EXACT / fraction);
    });
  });

  it('vanish where outputs are right', () => {
    everywhere((problem) => {
      const kernels = kernelsFor(referenceKernels, problem);
      settleFree(kernels, settlingOf(model), 'zeros');
      const right = { ...problem, labels: kernels.readStates(FREE, lastSettlingLayer(model.network)) };
      const estimate = estimated(referenceKernels, right, holding(model, { kind: 'one-sided', fraction: 1 }));
      expect(norm(estimate)).toBeLessThan(1e-12);
    });
  });
});

describe('predictive coding', () => {
  const networkOf = (sizes: readonly number[]): SampleNetwork => ({
    title: 'predictive coding',
    model: predictiveCoding(denseNetwork(sizes, 'tanh'), 0.3),
    spread: 0.8,
    biases: [-0.3, 0.3],
    labels: [0.6, 0.9],
    isKinked: false,
  });

  /** The problem with its labels moved to within `size` of what the sweep gives out. */
  function withErrorOf(problem: Problem, size: number): Problem {
    const kernels = kernelsFor(referenceKernels, problem);
    settleFree(kernels, settlingOf(problem.model), 'zeros');
    const outputs = kernels.readStates(FREE, problem.model.network.layers.length - 1);
    return { ...problem, labels: outputs.map((o, i) => o + size * (i % 2 === 0 ? 1 : -0.4)) };
  }

  const settling = settlingOf(networkOf([3, 4, 3, 1]).model);
  const estimator = heldOutputs({ kind: 'one-sided', fraction: 1 }, settling);
  const sweep = (problem: Problem, cost?: LayeredModel['cost']) =>
    trueGradient(referenceKernels, problem, (kernels) => settleFree(kernels, settling, 'zeros'), cost);
  const cosine = (one: readonly number[], other: readonly number[]) =>
    one.reduce((sum, value, i) => sum + value * other[i], 0) / (norm(one) * norm(other));

  it("turns into backpropagation's direction as the error of a single output gets small", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const problem = problemOf(networkOf([3, 4, 3, 1]), seed);
        const [wide, half] = [0.02, 0.01].map((size) => {
          const near = withErrorOf(problem, size);
          return 1 - cosine(estimated(referenceKernels, near, estimator), sweep(near));
        });
        expect(wide).toBeLessThan(1e-3);
        // The angle is linear in the error, its cosine quadratic.
        fc.pre(wide > 1e-8);
        expect(Math.abs(wide / half / 4 - 1)).toBeLessThan(0.1);
      }),
      { numRuns: 6 },
    );
  });

  it("of several outputs, turns into backpropagation's gradient for the errors they are left with", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const problem = problemOf(networkOf([3, 4, 3, 2]), seed);
        const [wide, half] = [0.02, 0.01].map((size) => {
          const near = withErrorOf(problem, size);
          const { kernels, gradient } = runEstimator(referenceKernels, near, estimator);
          const { network } = near.model;
          const states = statesOf(kernels, 1, 0);
          const shown = states.map((s, layer) => (layer === 0 ? s : s.map(Math.tanh)));
          const left = upwardDrive(network, near.parameters, shown, 3).map((mu, i) => states[3][i] - mu);
          const pull = (_: ParameterValues, swept: readonly Float64Array[]) =>
            swept[3].reduce((sum, o, i) => sum - left[i] * o, 0);
          return relativeError(gradient, sweep(near, pull));
        });
        expect(wide).toBeLessThan(0.1);
        expect(Math.abs(wide / half / 2 - 1)).toBeLessThan(0.1);
      }),
      { numRuns: 6 },
    );
  });
});
