/**
 * Every estimator that contrasts nudged states, on every model whose properties it needs, against finite differences of the
 * cost of the settled network, in float64 with the reference kernels.
 *
 *   ĝ(β) = g + c₁ β + c₂ β² + …
 *   one-sided, random sign   c₁ stays: the error halves with β        centred    odd terms cancel: it quarters
 *   N points                 all terms below β^N cancel: it falls by 2^N, until rounding is all that is left
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { agnosticEquilibriumPropagation } from './agnostic-equilibrium-propagation.ts';
import { missingProperties } from './compatibility.ts';
import { equilibriumPropagation, type Nudging } from './equilibrium-propagation.ts';
import type { GradientEstimator } from './gradient-estimator.ts';
import { holomorphicEquilibriumPropagation } from './holomorphic-equilibrium-propagation.ts';
import { type Settling, settleFree } from './settling.ts';
import { distance, estimated, norm, type Problem, relativeError, trueGradient } from './testing/gradient-check.ts';
import { problemOf, SAMPLE_NETWORKS, type SampleNetwork } from './testing/sample-problems.ts';

/** All laws draw the same problems, so that finite differences are taken once for all of them. */
const RUNS = { seed: Math.floor(Math.random() * 2 ** 31), numRuns: 3 };
const SAMPLES = 2;
/** Finite differences of order-1 costs are good to 1e-11; ratios of errors are taken well above. */
const FLOOR = 1e-10;

/** Ends phases where rounding begins; both signs of a nudge still take the same number of steps. */
const settlingOf = ({ model }: SampleNetwork): Settling => ({
  freeSchedule: model.properties.has('prediction-error') ? 'feed-forward' : 'synchronous',
  schedule: 'synchronous',
  freeSteps: 800,
  nudgedSteps: 800,
  tolerance: 1e-14,
  depth: 3,
});

/** Any seed, or where a pooling chooses, some whose problems keep away from ties; at 4, 8, 9 and 11 they do not. */
const seedsOf = ({ isKinked }: SampleNetwork) => (isKinked ? fc.constantFrom(1, 2, 3, 5, 6, 7, 10, 12) : fc.nat());

describe.each(SAMPLE_NETWORKS)('on $title', (network) => {
  const settling = settlingOf(network);
  const known = new Map<number, { readonly problem: Problem; readonly gradient: readonly number[] }>();
  const knownOf = (seed: number) => {
    const problem = problemOf(network, seed, SAMPLES);
    const gradient =
      known.get(seed)?.gradient ??
      trueGradient(referenceKernels, problem, (kernels) => settleFree(kernels, settling, 'zeros'));
    known.set(seed, { problem, gradient });
    return { problem, gradient };
  };
  const everywhere = (law: (problem: Problem, gradient: readonly number[]) => void) =>
    fc.assert(
      fc.property(seedsOf(network), (seed) => {
        const { problem, gradient } = knownOf(seed);
        law(problem, gradient);
      }),
      RUNS,
    );
  const ep = (kind: Nudging['kind'], beta: number) => equilibriumPropagation({ kind, beta }, settling);

  /**
   * Asserts that the error falls by 2^order when β is halved, to a tenth: what the next coefficient adds at these β. The law
   * speaks of the leading coefficient, so problems where that one happens to vanish are left out; were it to vanish
   * everywhere, fast-check would find too few problems and fail.
   */
  const expectOrder = (order: number, errorAt: (beta: number) => number, beta: number) => {
    const whole = errorAt(beta);
    const half = errorAt(beta / 2);
    fc.pre(whole > 0.005 * beta ** order);
    expect(whole).toBeLessThan(0.1);
    expect(Math.abs(whole / half / 2 ** order - 1)).toBeLessThan(0.1);
  };
  const errorOf = (problem: Problem, gradient: readonly number[], estimator: GradientEstimator, sign: 1 | -1 = 1) => {
    expect(missingProperties(network.model, estimator)).toEqual([]);
    return relativeError(estimated(referenceKernels, problem, estimator, sign), gradient);
  };

  it('one-sided or of random sign, the estimate has an error linear in beta', () => {
    everywhere((problem, gradient) => {
      expectOrder(1, (beta) => errorOf(problem, gradient, ep('one-sided', beta)), 0.002);
      expectOrder(1, (beta) => errorOf(problem, gradient, ep('random-sign', beta), -1), 0.002);
    });
  });

  it('centred, it has an error quadratic in beta', () => {
    everywhere((problem, gradient) => {
      expectOrder(2, (beta) => errorOf(problem, gradient, ep('centred', beta)), 0.02);
    });
  });

  it('centred, it is the mean of the two estimates of random sign', () => {
    everywhere((problem) => {
      // A number of steps that does not depend on the states, for the identity to hold to rounding.
      const exactly = { ...settling, nudgedSteps: 40, tolerance: 0 };
      const of = (kind: Nudging['kind'], sign: 1 | -1) =>
        estimated(referenceKernels, problem, equilibriumPropagation({ kind, beta: 0.1 }, exactly), sign);
      const lower = of('random-sign', -1);
      const mean = of('random-sign', 1).map((value, i) => (value + lower[i]) / 2);
      const centred = of('centred', 1);
      expect(distance(mean, centred)).toBeLessThan(1e-13 * Math.max(1, norm(centred) / 0.1));
    });
  });

  it('with one parameter iteration, the agnostic estimate is that of equilibrium propagation', () => {
    everywhere((problem) => {
      // Phases of the same length: one ended by a tolerance may leave its partner, which then has to match it, less settled.
      const fixed = { ...settling, nudgedSteps: 300, tolerance: 0 };
      const propagation = (kind: Nudging['kind'], beta: number, sign: 1 | -1 = 1) =>
        estimated(referenceKernels, problem, equilibriumPropagation({ kind, beta }, fixed), sign);
      const agnostic = (kind: 'optimistic' | 'pessimistic' | 'centred') =>
        estimated(
          referenceKernels,
          problem,
          agnosticEquilibriumPropagation({ kind, beta: 0.1, parameterIterations: 1 }, fixed),
        );
      expect(agnostic('optimistic')).toEqual(propagation('one-sided', 0.1));
      // These start their second phase from other states; both end within rounding of the same rest state.
      const negative = propagation('random-sign', 0.1, -1);
      expect(distance(agnostic('pessimistic'), negative)).toBeLessThan(1e-11 * norm(negative));
      const half = propagation('centred', 0.05);
      expect(distance(agnostic('centred'), half)).toBeLessThan(1e-11 * norm(half));
    });
  });

  it('with two points on the circle, it is the centred estimate', () => {
    everywhere((problem) => {
      const circular = holomorphicEquilibriumPropagation({ beta: 0.1, points: 2 }, settling);
      expect(missingProperties(network.model, circular)).toEqual([]);
      const centred = estimated(referenceKernels, problem, ep('centred', 0.1));
      expect(distance(estimated(referenceKernels, problem, circular), centred)).toBeLessThan(1e-13 * norm(centred));
    });
  });

  const pointCounts = network.model.properties.has('holomorphic') ? [3, 4, 6] : [];
  it.each(pointCounts)('with %i points on the circle, it has an error of that order in beta', (points) => {
    everywhere((problem, gradient) => {
      const errorAt = (beta: number) =>
        errorOf(problem, gradient, holomorphicEquilibriumPropagation({ beta, points }, settling));
      // The widest circle on which the next term, of order 2N in the series, is small beside this one.
      const beta = [0.2, 0.1, 0.05].find((radius) => errorAt(radius) < 2e-3) ?? 0.025;
      const half = errorAt(beta / 2);
      expect(errorAt(beta)).toBeLessThan(2e-3);
      if (half > FLOOR) expect(Math.abs(errorAt(beta) / half / 2 ** points - 1)).toBeLessThan(0.15);
      else expect(errorAt(beta)).toBeLessThan(2 ** points * 1.15 * FLOOR);
    });
  });
});
