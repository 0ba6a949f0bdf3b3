/**
 * Equilibrium propagation (EP): a gradient from the contrast of two equilibria.
 *
 *   F(θ, s, β) = E(θ, s) + β · C(s)            the augmented energy
 *   s(β)       = where the relaxation comes to rest at nudging strength β
 *   ĝ          = [ ∂E/∂θ(s(β₂)) − ∂E/∂θ(s(β₁)) ] / (β₂ − β₁)   →   dC/dθ(s(0)) as β₁, β₂ → 0
 *
 * One-sided (0, β): biased by O(β). Random sign: (0, β) or (−β, 0) with equal chance, so that the O(β) bias averages
 * out over batches. Centred (−β, β): settles once more and is biased by O(β²). Nudged phases start from the free
 * equilibrium, both with the same number of steps. A softmax read-out's own weights learn from the free states, where
 * their gradient is exact.
 *
 * Scellier & Bengio (2017), doi:10.3389/fncom.2017.00024 (one-sided, and the random sign of its section 4).
 * Laborieux et al. (2021), doi:10.3389/fnins.2021.633674 (centred, softmax read-out).
 *
 * Differs from the paper: the read-out's weights learn from the free states instead of the mean over nudged ones.
 */
import type { Contrast, Slot } from '../kernels/kernel-set.ts';
import { FREE, type GradientEstimator, interruption } from './gradient-estimator.ts';
import { checkSettling, nudgedPhase, propertiesAsked, type Settling, schedulesAsked, settleFree } from './settling.ts';

export interface Nudging {
  readonly kind: 'one-sided' | 'random-sign' | 'centred';
  /** Strength of the nudge, > 0. */
  readonly beta: number;
}

const UPPER: Slot = 1;
const LOWER: Slot = 2;

/** Throws RangeError on a beta, step count or tolerance that cannot be. */
export function equilibriumPropagation({ kind, beta }: Nudging, settling: Settling): GradientEstimator {
  checkSettling(settling, beta);
  return {
    name: `equilibrium-propagation/${kind}`,
    needs: { model: ['energy', 'cost', ...propertiesAsked(settling)], kernels: schedulesAsked(settling) },
    slots: kind === 'centred' ? 3 : 2,
    complexStates: false,
    betas: { lowest: kind === 'one-sided' ? 0 : -beta, highest: beta },
    anderson: schedulesAsked(settling).includes('anderson'),
    accumulates: false,
    updatesPerBatch: 1,
    settleFreely: (kernels, start) => settleFree(kernels, settling, start),

    estimate(kernels, { sign, start }, learn) {
      const free = settleFree(kernels, settling, start);
      if (free.kind !== 'settled') return interruption(free, 'free');
      const nudge = (strength: number, into: Slot, steps: number | undefined) =>
        kernels.settle(nudgedPhase(settling, { kind: 'nudge', beta: strength }, FREE, into, steps));

      const first = nudge(kind === 'random-sign' ? sign * beta : beta, UPPER, undefined);
      if (first.kind !== 'settled') return interruption(first, 'nudged');
      if (kind !== 'centred') {
        const isPositive = kind === 'one-sided' || sign > 0;
        const contrast = isPositive ? difference(UPPER, FREE, beta) : difference(FREE, UPPER, beta);
        learn({ kind: 'contrast', contrast });
        return { kind: 'estimated', free, nudged: first, nudgedSlot: UPPER };
      }
      const second = nudge(-beta, LOWER, first.steps);
      if (second.kind !== 'settled') return interruption(second, 'nudged');
      learn({ kind: 'contrast', contrast: difference(UPPER, LOWER, 2 * beta) });
      const nudged = first.residual > second.residual ? first : second;
      return { kind: 'estimated', free, nudged, nudgedSlot: UPPER };
    },
  };
}

/** [∂E/∂θ(upper) − ∂E/∂θ(lower)] / separation; the local quantities ∂E/∂θ are minus the products of states. */
export function difference(upper: Slot, lower: Slot, separation: number): Contrast {
  return {
    terms: [
      { below: upper, above: upper, coefficient: -1 / separation, weights: 'feedforward' },
      { below: lower, above: lower, coefficient: 1 / separation, weights: 'feedforward' },
    ],
    readoutAt: FREE,
  };
}
