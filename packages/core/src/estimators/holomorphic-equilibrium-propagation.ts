/**
 * Holomorphic equilibrium propagation: nudging around a circle in the complex plane.
 *
 *   ĝ = (1/Nβ) Σ_{k=0}^{N−1} e^(−2πik/N) ∂E/∂θ(s(β e^(2πik/N)))  =  dC/dθ + O(β^N)
 *
 * The first Fourier coefficient of the contrast over the circle. States at conjugate strengths are conjugate, so only the
 * points of the upper half are settled and the real part is taken. N = 2 is the centred estimate.
 *
 * Laborieux & Zenke, "Holomorphic equilibrium propagation computes exact gradients through finite size oscillations",
 * NeurIPS 2022, arXiv:2209.00530.
 *
 * Differs from the paper: points are settled one after the other from the free states instead of by a slow oscillation;
 * the read-out's weights learn from the free states instead of the mean over nudged ones.
 */
import type { ContrastTerm } from '../kernels/kernel-set.ts';
import { onCircle } from '../tensor/complex.ts';
import { FREE, type GradientEstimator, interruption, type Settled } from './gradient-estimator.ts';
import { checkSettling, nudgedPhase, propertiesAsked, type Settling, schedulesAsked, settleFree } from './settling.ts';

export interface CircularNudging {
  /** Radius of the circle, > 0. */
  readonly beta: number;
  /** N, a whole number >= 2. */
  readonly points: number;
}

const MOST_POINTS = 64;

/** Throws RangeError on a radius, number of points, step count or tolerance that cannot be. */
export function holomorphicEquilibriumPropagation(
  { beta, points }: CircularNudging,
  settling: Settling,
): GradientEstimator {
  checkSettling(settling, beta);
  if (!(Number.isInteger(points) && points >= 2 && points <= MOST_POINTS)) {
    throw new RangeError(`points must be a whole number from 2 to ${MOST_POINTS}, got ${points}`);
  }
  const half = Math.floor(points / 2) + 1;
  const schedules = schedulesAsked(settling);
  const asked = propertiesAsked(settling);
  // Of two points both are real.
  const isComplex = points > 2;
  const terms = Array.from({ length: half }, (_, k): ContrastTerm => {
    // A point off the real axis stands for its conjugate too.
    const isReal = k === 0 || 2 * k === points;
    const coefficient = onCircle(-(isReal ? 1 : 2) / (points * beta), -k / points);
    return { below: k + 1, above: k + 1, coefficient, weights: 'feedforward' };
  });
  return {
    name: `holomorphic-equilibrium-propagation/${points}`,
    needs: {
      model: isComplex ? ['energy', 'cost', 'holomorphic', ...asked] : ['energy', 'cost', ...asked],
      kernels: isComplex ? [...schedules, 'complex-states'] : schedules,
    },
    slots: half + 1,
    complexStates: isComplex,
    betas: { lowest: -beta, highest: beta },
    anderson: schedules.includes('anderson'),
    accumulates: false,
    updatesPerBatch: 1,
    settleFreely: (kernels, start) => settleFree(kernels, settling, start),

    estimate(kernels, { start }, learn) {
      const free = settleFree(kernels, settling, start);
      if (free.kind !== 'settled') return interruption(free, 'free');
      let nudged: Settled | undefined;
      for (let k = 0; k < half; k++) {
        const teaching = { kind: 'nudge', beta: onCircle(beta, k / points) } as const;
        const report = kernels.settle(nudgedPhase(settling, teaching, FREE, k + 1, nudged?.steps));
        if (report.kind !== 'settled') return interruption(report, 'nudged');
        if (nudged === undefined || report.residual > nudged.residual)
          nudged = { ...report, steps: nudged?.steps ?? report.steps };
      }
      if (nudged === undefined) throw new Error('a circle has at least two points');
      learn({ kind: 'contrast', contrast: { terms, readoutAt: FREE } });
      return { kind: 'estimated', free, nudged, nudgedSlot: 1 };
    },
  };
}
