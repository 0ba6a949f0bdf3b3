/**
 * Continual equilibrium propagation: weights move at every step of the nudged phase.
 *
 *   ĝ_t = [ ∂E/∂θ(s_{t+1}) − ∂E/∂θ(s_t) ] / β,   θ_{t+1} = θ_t − η ĝ_t,   t = 0 … K − 1
 *
 * As η → 0 the K changes add up to the estimate of EP. Rates are 10 to 30 times smaller than for EP. A softmax read-out,
 * whose own weights learn from the free states, moves once, with the last step.
 *
 * Ernoult, Grollier, Querlioz, Bengio & Scellier, "Equilibrium propagation with continual weight updates" (2020),
 * arXiv:2005.04168.
 *
 * Differs from the paper: the variant with separate feedback weights (C-VF) is not offered.
 */
import type { Slot } from '../kernels/kernel-set.ts';
import { difference, type Nudging } from './equilibrium-propagation.ts';
import { FREE, type GradientEstimator, interruption, type Settled } from './gradient-estimator.ts';
import { checkSettling, nudgedPhase, propertiesAsked, type Settling, schedulesAsked, settleFree } from './settling.ts';

export interface ContinualNudging {
  readonly kind: Exclude<Nudging['kind'], 'centred'>;
  readonly beta: number;
}

/** Throws RangeError on a beta, step count or tolerance that cannot be. */
export function continualEquilibriumPropagation(
  { kind, beta }: ContinualNudging,
  settling: Settling,
): GradientEstimator {
  checkSettling(settling, beta);
  if (settling.schedule === 'anderson') {
    throw new RangeError(
      'weights that move at every step leave Anderson acceleration no fixed point to extrapolate to',
    );
  }
  const schedules = schedulesAsked(settling);
  return {
    name: `continual-equilibrium-propagation/${kind}`,
    needs: { model: ['energy', 'cost', ...propertiesAsked(settling)], kernels: schedules },
    slots: 3,
    complexStates: false,
    betas: { lowest: kind === 'one-sided' ? 0 : -beta, highest: beta },
    anderson: schedules.includes('anderson'),
    accumulates: false,
    updatesPerBatch: settling.nudgedSteps,
    settleFreely: (kernels, start) => settleFree(kernels, settling, start),

    estimate(kernels, { sign, start }, learn) {
      const free = settleFree(kernels, settling, start);
      if (free.kind !== 'settled') return interruption(free, 'free');
      const strength = kind === 'random-sign' ? sign * beta : beta;
      let before: Slot = FREE;
      let nudged: Settled = free;
      for (let step = 0; step < settling.nudgedSteps; step++) {
        const after: Slot = before === 1 ? 2 : 1;
        const report = kernels.settle({
          ...nudgedPhase(settling, { kind: 'nudge', beta: strength }, before, after, 1),
          interruptible: step === 0,
        });
        // Counted from the start of the phase that these steps are cut from.
        if (report.kind === 'not-finite') return interruption({ ...report, step: step + 1 }, 'nudged');
        if (report.kind !== 'settled') return interruption(report, 'nudged');
        const readoutAt = step + 1 === settling.nudgedSteps ? FREE : undefined;
        learn({ kind: 'contrast', contrast: { ...difference(after, before, strength), readoutAt } });
        kernels.clampAgain();
        before = after;
        nudged = { ...report, steps: step + 1 };
      }
      return { kind: 'estimated', free, nudged, nudgedSlot: before };
    },
  };
}
