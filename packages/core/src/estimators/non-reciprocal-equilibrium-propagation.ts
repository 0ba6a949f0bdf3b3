/**
 * Equilibrium propagation on networks whose couplings are not symmetric.
 *
 *   ṡ = F(s) = −s + σ(drive),   J = ∂F/∂s at the free state s⁰
 *   nudged:  ṡ = F(s) − β ∂C/∂s + (Jᵀ − J)(s − s⁰)
 *   ĝ = −[ (s(β) − s(−β)) / 2β ]ᵀ ∂F/∂θ(s⁰)  =  dC/dθ + O(β²)
 *
 * The added force exchanges J for its transpose in the linear response, which is all that a symmetric network has by
 * itself. ∂F/∂θ is local: σ'(drive_j) s_i for the weight that leads from i to j, whichever way it points.
 *
 * Scurria et al. (2026), equilibrium propagation for non-reciprocal networks.
 *
 * Differs from the paper: its text could not be read; the correction and the estimate are derived, and tested here.
 */
import type { Slot } from '../kernels/kernel-set.ts';
import { FREE, type GradientEstimator, interruption } from './gradient-estimator.ts';
import { checkSettling, nudgedPhase, propertiesAsked, type Settling, schedulesAsked, settleFree } from './settling.ts';

const UPPER: Slot = 1;
const LOWER: Slot = 2;
const RESPONSE: Slot = 3;

/** Throws RangeError on a beta, step count or tolerance that cannot be. */
export function nonReciprocalEquilibriumPropagation(beta: number, settling: Settling): GradientEstimator {
  checkSettling(settling, beta);
  const schedules = schedulesAsked(settling);
  return {
    name: 'non-reciprocal-equilibrium-propagation',
    needs: {
      model: ['separate-feedback', ...propertiesAsked(settling)],
      kernels: [...schedules, 'separate-feedback'],
    },
    slots: 4,
    complexStates: false,
    betas: { lowest: -beta, highest: beta },
    anderson: schedules.includes('anderson'),
    accumulates: false,
    updatesPerBatch: 1,
    settleFreely: (kernels, start) => settleFree(kernels, settling, start),

    estimate(kernels, { start }, learn) {
      const free = settleFree(kernels, settling, start);
      if (free.kind !== 'settled') return interruption(free, 'free');
      const nudge = (strength: number, into: Slot, steps: number | undefined) => {
        const teaching = { kind: 'nudge-corrected', beta: strength, about: FREE } as const;
        return kernels.settle(nudgedPhase(settling, teaching, FREE, into, steps));
      };
      const upper = nudge(beta, UPPER, undefined);
      if (upper.kind !== 'settled') return interruption(upper, 'nudged');
      const lower = nudge(-beta, LOWER, upper.steps);
      if (lower.kind !== 'settled') return interruption(lower, 'nudged');
      kernels.response(FREE, LOWER, UPPER, RESPONSE);
      const coefficient = -1 / (2 * beta);
      learn({
        kind: 'contrast',
        contrast: {
          terms: [
            { below: FREE, above: RESPONSE, coefficient, weights: 'feedforward' },
            { below: RESPONSE, above: FREE, coefficient, weights: 'feedback' },
          ],
          readoutAt: FREE,
        },
      });
      const nudged = upper.residual > lower.residual ? upper : lower;
      return { kind: 'estimated', free, nudged, nudgedSlot: UPPER };
    },
  };
}
