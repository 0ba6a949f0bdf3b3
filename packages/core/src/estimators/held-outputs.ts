/**
 * Learning from outputs that are held instead of nudged: coupled learning, contrastive learning, predictive coding.
 *
 *   held at      o + φ (y − o),   o the free outputs
 *   ĝ          = [ ∂E/∂θ(s held) − ∂E/∂θ(s free) ] / φ                         one-sided
 *   ĝ          = [ ∂E/∂θ(s held at φ) − ∂E/∂θ(s held at −φ) ] / 2φ             centred
 *
 * With the held values fixed this is the slope of (E_held − E_free) / φ. It is not the gradient of C, but vanishes where
 * outputs are right. 0 < φ < 1 is coupled learning, φ = 1 contrastive learning. On the energy of prediction errors the free
 * phase is one upward sweep with E = 0, and φ = 1 gives predictive coding's own rule.
 *
 * Stern, Hexner, Rocks & Liu, Phys. Rev. X 11, 021045 (2021), doi:10.1103/PhysRevX.11.021045 (coupled learning);
 * Movellan (1991) and Baldi & Pineda (1991) (contrastive learning); Scellier et al., NeurIPS 2023, arXiv:2312.15103.
 */
import type { Slot } from '../kernels/kernel-set.ts';
import { difference } from './equilibrium-propagation.ts';
import { FREE, type GradientEstimator, interruption } from './gradient-estimator.ts';
import { checkSettling, nudgedPhase, propertiesAsked, type Settling, schedulesAsked, settleFree } from './settling.ts';

export interface Holding {
  readonly kind: 'one-sided' | 'centred';
  /** φ, in (0, 1]. */
  readonly fraction: number;
}

const UPPER: Slot = 1;
const LOWER: Slot = 2;

/** Throws RangeError on a fraction, step count or tolerance that cannot be. */
export function heldOutputs({ kind, fraction }: Holding, settling: Settling): GradientEstimator {
  if (!(fraction > 0 && fraction <= 1)) throw new RangeError(`the fraction lies in (0, 1], got ${fraction}`);
  checkSettling(settling, fraction);
  const schedules = schedulesAsked(settling);
  return {
    name: `held-outputs/${kind}`,
    needs: { model: ['energy', 'output-units', ...propertiesAsked(settling)], kernels: [...schedules, 'held-outputs'] },
    slots: kind === 'centred' ? 3 : 2,
    complexStates: false,
    betas: { lowest: 0, highest: 0 },
    anderson: schedules.includes('anderson'),
    accumulates: false,
    updatesPerBatch: 1,
    settleFreely: (kernels, start) => settleFree(kernels, settling, start),

    estimate(kernels, { start }, learn) {
      const free = settleFree(kernels, settling, start);
      if (free.kind !== 'settled') return interruption(free, 'free');
      const hold = (part: number, into: Slot, steps: number | undefined) =>
        kernels.settle(nudgedPhase(settling, { kind: 'hold', fraction: part }, FREE, into, steps));
      const first = hold(fraction, UPPER, undefined);
      if (first.kind !== 'settled') return interruption(first, 'nudged');
      if (kind === 'one-sided') {
        learn({ kind: 'contrast', contrast: difference(UPPER, FREE, fraction) });
        return { kind: 'estimated', free, nudged: first, nudgedSlot: UPPER };
      }
      const second = hold(-fraction, LOWER, first.steps);
      if (second.kind !== 'settled') return interruption(second, 'nudged');
      learn({ kind: 'contrast', contrast: difference(UPPER, LOWER, 2 * fraction) });
      const nudged = first.residual > second.residual ? first : second;
      return { kind: 'estimated', free, nudged, nudgedSlot: UPPER };
    },
  };
}
