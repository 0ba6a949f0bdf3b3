/**
 * Backpropagation on the same layers swept once upwards, and feedback alignment where errors come down through weights of
 * their own that never learn.
 *
 *   s_k = σ(a_k),  a_k = b_k + Σ_{→ k} P(W ∗ s_from)
 *   δ_k = σ'(a_k) ⊙ [ ∂C/∂s_k + Σ_{k → to} Jᵀ δ_to ],   dC/dW = s_from ⊗ δ_to,   dC/db_k = δ_k
 *
 * Rumelhart, Hinton & Williams, Nature 323 (1986), doi:10.1038/323533a0. Lillicrap, Cownden, Tweed & Akerman, Nat. Commun.
 * 7 (2016), doi:10.1038/ncomms13276 (feedback alignment).
 */
import type { Slot } from '../kernels/kernel-set.ts';
import { FREE, type GradientEstimator, interruption } from './gradient-estimator.ts';
import { upwardSweep } from './upward-sweep.ts';

const ERRORS: Slot = 1;

export function backpropagation(feedback: 'symmetric' | 'separate'): GradientEstimator {
  return {
    name: feedback === 'symmetric' ? 'backpropagation' : 'feedback-alignment',
    needs: {
      model: feedback === 'symmetric' ? ['upward-sweep', 'energy'] : ['upward-sweep', 'separate-feedback'],
      kernels: ['feed-forward', 'error-propagation'],
    },
    slots: 2,
    complexStates: false,
    betas: { lowest: 0, highest: 0 },
    anderson: false,
    accumulates: false,
    updatesPerBatch: 1,
    settleFreely: (kernels) => upwardSweep(kernels, FREE),

    estimate(kernels, _, learn) {
      const free = upwardSweep(kernels, FREE);
      if (free.kind !== 'settled') return interruption(free, 'free');
      kernels.propagateErrors(FREE, ERRORS);
      learn({
        kind: 'contrast',
        contrast: {
          terms: [{ below: FREE, above: ERRORS, coefficient: 1, weights: 'feedforward' }],
          readoutAt: FREE,
        },
      });
      return { kind: 'estimated', free, nudged: free, nudgedSlot: FREE };
    },
  };
}
