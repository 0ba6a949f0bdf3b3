/**
 * Agnostic equilibrium propagation: parameters are variables that settle too, each held by a control u.
 *
 *   E_tot = E(θ, s) + |θ − u|² / 2ε + β C(s)
 *   phase 1, at β₁, θ kept by its controls:   u = θ + ε ∂E/∂θ(s₁)
 *   phase 2, at β₂, controls kept:            θ ← u − ε ∂E/∂θ(s),  settle s,  and so on, P times
 *
 * Each iteration moves θ by −ε [∂E/∂θ(s_p) − ∂E/∂θ(s_{p−1})], so nothing but a chain of contrasts is needed, and the net
 * change is −ε (β₂ − β₁) dC/dθ. ε = rate / (β₂ − β₁). With P = 1 it is EP's contrast. Optimistic (0, β), pessimistic
 * (−β, 0), centred (−β/2, β/2). A softmax read-out, whose own weights learn from the free states, moves once, with the last
 * iteration.
 *
 * Scellier, Mishra, Bengio & Ollivier, "Agnostic physics-driven deep learning" (2022), arXiv:2205.15021.
 *
 * Differs from the paper: parameters move in discrete iterations, as in its own experiments; with another optimizer than
 * plain gradient descent, ε is no longer one number per layer. Both states of a contrast are seen with the parameters of the
 * moment: where ∂E/∂θ depends on θ, under prediction errors and poolings that weigh, this adds O(ε).
 */
import type { Slot } from '../kernels/kernel-set.ts';
import { difference } from './equilibrium-propagation.ts';
import { FREE, type GradientEstimator, interruption, type Settled } from './gradient-estimator.ts';
import { checkSettling, nudgedPhase, propertiesAsked, type Settling, schedulesAsked, settleFree } from './settling.ts';

export interface AgnosticNudging {
  readonly kind: 'optimistic' | 'pessimistic' | 'centred';
  /** β₂ − β₁, > 0. */
  readonly beta: number;
  /** P, a whole number >= 1. */
  readonly parameterIterations: number;
}

const STRENGTHS = { optimistic: [0, 1], pessimistic: [-1, 0], centred: [-0.5, 0.5] } as const;

/** Throws RangeError on a beta, step count, tolerance or number of iterations that cannot be. */
export function agnosticEquilibriumPropagation(
  { kind, beta, parameterIterations }: AgnosticNudging,
  settling: Settling,
): GradientEstimator {
  checkSettling(settling, beta);
  if (!Number.isInteger(parameterIterations) || parameterIterations < 1) {
    throw new RangeError(`parameter iterations are a whole number >= 1, got ${parameterIterations}`);
  }
  const schedules = schedulesAsked(settling);
  const [from, to] = STRENGTHS[kind];
  return {
    name: `agnostic-equilibrium-propagation/${kind}`,
    needs: { model: ['energy', 'cost', ...propertiesAsked(settling)], kernels: schedules },
    slots: 3,
    complexStates: false,
    betas: { lowest: from * beta, highest: to * beta },
    anderson: schedules.includes('anderson'),
    accumulates: false,
    updatesPerBatch: parameterIterations,
    settleFreely: (kernels, start) => settleFree(kernels, settling, start),

    estimate(kernels, { start }, learn) {
      const free = settleFree(kernels, settling, start);
      if (free.kind !== 'settled') return interruption(free, 'free');
      const settleAt = (strength: number, origin: Slot, into: Slot, interruptible: boolean) =>
        kernels.settle({
          ...nudgedPhase(settling, { kind: 'nudge', beta: strength * beta }, origin, into, undefined),
          interruptible,
        });
      let before: Slot = FREE;
      if (from !== 0) {
        const homeostatic = settleAt(from, FREE, 1, true);
        if (homeostatic.kind !== 'settled') return interruption(homeostatic, 'nudged');
        before = 1;
      }
      let nudged: Settled = free;
      for (let iteration = 0; iteration < parameterIterations; iteration++) {
        const after: Slot = before === 1 ? 2 : 1;
        const report = settleAt(to, before, after, iteration === 0);
        if (report.kind !== 'settled') return interruption(report, 'nudged');
        const isLast = iteration + 1 === parameterIterations;
        learn({
          kind: 'contrast',
          contrast: { ...difference(after, before, beta), readoutAt: isLast ? FREE : undefined },
        });
        if (!isLast) kernels.clampAgain();
        before = after;
        nudged = report;
      }
      return { kind: 'estimated', free, nudged, nudgedSlot: before };
    },
  };
}
