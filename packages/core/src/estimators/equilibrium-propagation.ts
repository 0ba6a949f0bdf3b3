/**
 * Equilibrium propagation (EP): a gradient from the contrast of two equilibria.
 *
 *   F(θ, s, β) = E(θ, s) + β · C(s)            the augmented energy
 *   s(β)       = where the relaxation comes to rest at nudging strength β
 *   ĝ          = [ ∂E/∂θ(s(β₂)) − ∂E/∂θ(s(β₁)) ] / (β₂ − β₁)   →   dC/dθ(s(0)) as β₁, β₂ → 0
 *
 * One-sided (0, β): biased by O(β). Random sign: (0, β) or (−β, 0) with equal chance, so that the O(β) bias averages
 * out over batches. Centred (−β, β): settles once more and is biased by O(β²). Nudged phases start from the free
 * equilibrium, both with the same number of steps.
 *
 * Scellier & Bengio (2017), doi:10.3389/fncom.2017.00024 (one-sided, and the random sign of its section 4).
 * Laborieux et al. (2021), doi:10.3389/fnins.2021.633674 (centred).
 *
 * Differs from the paper: free phases start from zero states; the 2017 paper keeps a persistent state per sample.
 */
import type { GradientEstimator, Settled } from './gradient-estimator.ts';

export interface Nudging {
  readonly kind: 'one-sided' | 'random-sign' | 'centred';
  /** Strength of the nudge, > 0. */
  readonly beta: number;
}

export interface EquilibriumPropagationOptions {
  readonly nudging: Nudging;
  readonly freeSteps: number;
  readonly nudgedSteps: number;
}

/** Throws RangeError when beta is not a finite number > 0 or a step count is not a whole number >= 1. */
export function equilibriumPropagation(options: EquilibriumPropagationOptions): GradientEstimator {
  const { nudging, freeSteps, nudgedSteps } = options;
  const { beta } = nudging;
  if (!(beta > 0 && Number.isFinite(beta))) throw new RangeError(`beta must be a finite number > 0, got ${beta}`);
  for (const steps of [freeSteps, nudgedSteps]) {
    if (!Number.isInteger(steps) || steps < 1) throw new RangeError(`a phase has >= 1 steps, got ${steps}`);
  }

  return {
    name: `equilibrium-propagation/${nudging.kind}`,
    freeSteps,

    estimate(kernels, sign) {
      const free = kernels.settle({ beta: 0, steps: freeSteps, from: 'zeros', into: 'free' });
      if (free.kind === 'stopped') return free;
      if (!hasFiniteStates(free)) return { kind: 'not-finite', phase: 'free' };

      const nudge = (strength: number) =>
        kernels.settle({ beta: strength, steps: nudgedSteps, from: 'free', into: strength > 0 ? 'upper' : 'lower' });

      if (nudging.kind === 'centred') {
        const upper = nudge(beta);
        if (upper.kind === 'stopped') return upper;
        const lower = nudge(-beta);
        if (lower.kind === 'stopped') return lower;
        if (!hasFiniteStates(upper) || !hasFiniteStates(lower)) return { kind: 'not-finite', phase: 'nudged' };
        const nudged = upper.residual > lower.residual ? upper : lower;
        return {
          kind: 'estimated',
          contrast: { lower: 'lower', upper: 'upper', betaSeparation: 2 * beta },
          free,
          nudged,
        };
      }

      const strength = nudging.kind === 'random-sign' ? sign * beta : beta;
      const nudged = nudge(strength);
      if (nudged.kind === 'stopped') return nudged;
      if (!hasFiniteStates(nudged)) return { kind: 'not-finite', phase: 'nudged' };
      const contrast =
        strength > 0
          ? ({ lower: 'free', upper: 'upper', betaSeparation: beta } as const)
          : ({ lower: 'lower', upper: 'free', betaSeparation: beta } as const);
      return { kind: 'estimated', contrast, free, nudged };
    },
  };
}

function hasFiniteStates(report: Settled): boolean {
  return Number.isFinite(report.residual);
}
