/**
 * Step by step, the nudged phase is backpropagation through time (Ernoult et al. 2019, theorem 1).
 *
 * From the free state s⁰, with β → 0, and λ_t the gradient of the cost with respect to the states t steps before the end:
 *
 *   [q(s_{t+1}) − q(s_t)] / β = −(what step t contributes to the gradient of θ),   q = ∂Φ/∂θ the products of states
 *   (s_{t+1} − s_t) / β       = −δ_t,   the gradient with respect to what the step adds to the states
 *
 * What δ is depends on the step. Where s ← s − ε ∂E/∂s, the Jacobian 1 − ε ∂²E/∂s² is symmetric and δ_t = ε λ_t. Where
 * s ← σ(drive + nudge), v_t = s_{t+1} − s_t obeys v_{t+1} = σ' D v_t from v_0 = −β σ' ∂C/∂s, and backpropagation runs
 * λ_{t+1} = Dᵀ (σ' λ_t): so v_t = −β σ' λ_t exactly, the gradient with respect to the drive, although the Jacobian σ' D is
 * not symmetric and v_t is no multiple of λ_t. The parameters' law holds for both, at all steps. A nudge outside σ starts
 * from v_0 = −β ∂C/∂s instead and is exact in its first step's states alone.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NetworkKernels } from '../kernels/kernel-set.ts';
import { lastSettlingLayer } from '../kernels/network.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { denseNetwork } from '../models/network-structure.ts';
import { prototypical } from '../models/prototypical.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { backpropagationThroughTime } from './backpropagation-through-time.ts';
import { difference } from './equilibrium-propagation.ts';
import { gradientDescendingUpdates, UPDATE_SLOTS } from './gradient-descending-updates.ts';
import { flat, kernelsFor, norm, type Problem, relativeError } from './testing/gradient-check.ts';
import { fixtureP1, problemOf, SAMPLE_NETWORKS, type SampleNetwork } from './testing/sample-problems.ts';

const BETA = 1e-6;
const STEPS = 12;
/** Curvature at β = 1e-6 and rounding of differences of 1e-6 both leave less, down to this size of a step's share. */
const TOLERANCE = 1e-4;
const SMALLEST = 1e-5;

const AT_REST = 0;
const NUDGED = [1, 2] as const;
const ADJOINT = 3;

interface Step {
  /** (s_{t+1} − s_t) / β and λ_t, all settling layers in one list. */
  readonly moved: readonly number[];
  readonly lambda: readonly number[];
  /** What the contrast of these two states and what backpropagation's step add to the gradient. */
  readonly contrast: readonly number[];
  readonly contribution: readonly number[];
}

function settlingStates(kernels: NetworkKernels, slot: number): readonly number[] {
  const last = lastSettlingLayer(kernels.network);
  return Array.from({ length: last }, (_, k) => [...kernels.readStates(slot, k + 1)]).flat();
}

/** Takes the gradients and leaves zeros. */
function takeGradients(kernels: NetworkKernels): readonly number[] {
  const taken = flat(kernels.readBuffer(0));
  for (const { buffers } of kernels.parameters) buffers[0].fill(0);
  return taken;
}

function settleAtRest(kernels: NetworkKernels) {
  const phase = { schedule: 'synchronous', tolerance: 0, leastSteps: 1, interruptible: false } as const;
  kernels.settle({ ...phase, from: 'zeros', into: AT_REST, teaching: { kind: 'none' }, steps: 1_000 });
}

/** The nudged phase and backpropagation through the steps at rest, side by side. */
function stepsOf(problem: Problem): { readonly free: readonly number[]; readonly steps: readonly Step[] } {
  const settling = { depth: 1, tolerance: 0, freeSteps: 4, nudgedSteps: 3 } as const;
  const estimator = backpropagationThroughTime({ ...settling, freeSchedule: 'synchronous', schedule: 'synchronous' });
  const kernels = kernelsFor(referenceKernels, problem, estimator);
  const phase = { schedule: 'synchronous', tolerance: 0, leastSteps: 1, interruptible: false } as const;
  settleAtRest(kernels);
  const free = settlingStates(kernels, AT_REST);
  kernels.costGradient(AT_REST, ADJOINT);
  let before = AT_REST;
  const steps = Array.from({ length: STEPS }, (_, t): Step => {
    const after = NUDGED[t % 2];
    kernels.settle({ ...phase, from: before, into: after, teaching: { kind: 'nudge', beta: BETA }, steps: 1 });
    const states = settlingStates(kernels, before);
    const moved = settlingStates(kernels, after).map((value, i) => (value - states[i]) / BETA);
    kernels.addToGradients({ ...difference(after, before, BETA), readoutAt: undefined });
    const contrast = takeGradients(kernels);
    const lambda = settlingStates(kernels, ADJOINT);
    kernels.adjointStep(AT_REST, ADJOINT, ADJOINT);
    before = after;
    return { moved, lambda, contrast, contribution: takeGradients(kernels) };
  });
  return { free, steps };
}

const differentiable = SAMPLE_NETWORKS.filter(({ model }) => model.properties.has('differentiable-step'));
const isEnergyGradient = ({ model }: SampleNetwork) => model.network.dynamics.kind === 'energy-gradient';
const isInside = ({ model: { network } }: SampleNetwork) =>
  network.dynamics.kind === 'discrete-map' && network.dynamics.nudge === 'inside';
const seedsOf = ({ isKinked }: SampleNetwork) => (isKinked ? fc.constantFrom(1, 2, 3, 5, 6, 7) : fc.nat());

/** Checks both lists of every step that is not yet lost in rounding; the first steps always count. */
function expectEqual(pairs: readonly (readonly [readonly number[], readonly number[]])[]) {
  const counted = pairs.filter(([, expected]) => norm(expected) > SMALLEST);
  expect(counted.length).toBeGreaterThan(2);
  for (const [actual, expected] of counted) expect(relativeError(actual, expected)).toBeLessThan(TOLERANCE);
}

describe.each(differentiable.filter((network) => isEnergyGradient(network) || isInside(network)))(
  'nudged steps on $title',
  (network) => {
    it("contrast, step by step, what backpropagation's steps contribute to the parameters", () => {
      fc.assert(
        fc.property(seedsOf(network), (seed) => {
          const { steps } = stepsOf(problemOf(network, seed));
          expectEqual(steps.map(({ contrast, contribution }) => [contrast, contribution]));
        }),
        { numRuns: 4 },
      );
    });
  },
);

describe.each(differentiable.filter(isEnergyGradient))('nudged steps on $title', (network) => {
  it('move the states by minus the step size times their gradients', () => {
    const { dynamics } = network.model.network;
    const stepSize = dynamics.kind === 'energy-gradient' ? dynamics.stepSize : 1;
    fc.assert(
      fc.property(seedsOf(network), (seed) => {
        const { steps } = stepsOf(problemOf(network, seed));
        expectEqual(steps.map(({ moved, lambda }) => [moved, lambda.map((value) => -stepSize * value)]));
      }),
      { numRuns: 4 },
    );
  });
});

const nudgedOutside = (): Problem => ({
  ...fixtureP1(),
  model: prototypical(denseNetwork([5, 6, 3], 'tanh'), { nudge: 'outside', stepSize: 1 }),
});

describe('nudged steps on the prototypical fixture P-1', () => {
  it('move the states by minus the gradients with respect to the drives', () => {
    const { free, steps } = stepsOf(fixtureP1());
    // σ' = 1 − σ², and at rest the states are σ.
    expectEqual(steps.map(({ moved, lambda }) => [moved, lambda.map((value, i) => -(1 - free[i] ** 2) * value)]));
  });

  it('do not move the states by a multiple of their own gradients', () => {
    const { steps } = stepsOf(fixtureP1());
    for (const { moved, lambda } of steps.slice(0, 6)) {
      const along = moved.reduce((sum, value, i) => sum + value * lambda[i], 0) / norm(lambda) ** 2;
      const multiple = lambda.map((value) => along * value);
      expect(relativeError(moved, multiple)).toBeGreaterThan(0.05);
    }
  });

  it('nudged outside, move the states by minus their gradients in the first step alone', () => {
    const { steps } = stepsOf(nudgedOutside());
    const errors = steps.map(({ moved, lambda }) =>
      relativeError(
        moved,
        lambda.map((value) => -value),
      ),
    );
    expect(errors[0]).toBeLessThan(1e-8);
    for (const error of errors.slice(1, 6)) expect(error).toBeGreaterThan(0.05);
  });
});

describe('the errors of gradient-descending updates', () => {
  const errorsOf = (problem: Problem) => {
    const { model, parameters, inputs, labels, samples } = problem;
    const workspace = {
      batchCapacity: samples,
      slots: UPDATE_SLOTS,
      parameterBuffers: 1,
      complexStates: false,
      anderson: false,
    };
    const memory = createArenaMemory(referenceKernels.predictBytes(model.network, workspace));
    const kernels = referenceKernels.build(model.network, workspace, openArena(memory));
    kernels.inputs.set(inputs);
    kernels.labels.set(labels);
    kernels.writeParameters(parameters);
    kernels.clamp(samples);
    settleAtRest(kernels);
    const errors = gradientDescendingUpdates(kernels, BETA, 4);
    expect(takeGradients(kernels).every((value) => value === 0)).toBe(true);
    return errors;
  };

  it.each(differentiable.filter((network) => isEnergyGradient(network) || isInside(network)))(
    'are small at every step on $title',
    (network) => {
      const errors = errorsOf(problemOf(network, 2));
      expect(errors).toHaveLength(4);
      for (const error of errors) expect(error).toBeLessThan(TOLERANCE);
    },
  );

  it('are large where the nudge acts outside', () => {
    for (const error of errorsOf(nudgedOutside())) expect(error).toBeGreaterThan(0.05);
  });
});
