/**
 * Backpropagation through time (BPTT): the exact gradient of the cost after T synchronous relaxation steps, through the
 * last K of them.
 *
 *   s_{t+1} = step(θ, s_t),   C = C(s_T),   λ_T = ∂C/∂s,   λ_t = (∂step/∂s)ᵀ λ_{t+1}
 *   ĝ = Σ_{t = T−K}^{T−1} (∂step/∂θ at s_t)ᵀ λ_{t+1}
 *
 * What equilibrium propagation is measured against: at a settled state with a symmetric Jacobian its nudged phase gives
 * these terms one by one (Ernoult et al., NeurIPS 2019, arXiv:1905.13633, theorem 1).
 */
import type { Slot } from '../kernels/kernel-set.ts';
import { FREE, type GradientEstimator, interruption, type Settled } from './gradient-estimator.ts';
import { checkSettling, type Settling, settleFree } from './settling.ts';

/** K is `settling.nudgedSteps`. Throws RangeError unless 1 <= K < T and schedules are synchronous. */
export function backpropagationThroughTime(settling: Settling): GradientEstimator {
  const { freeSteps, nudgedSteps: kept } = settling;
  checkSettling({ ...settling, tolerance: 0 }, 1);
  if (kept >= freeSteps) throw new RangeError(`of ${freeSteps} steps fewer are differentiated, not ${kept}`);
  if (settling.schedule !== 'synchronous' || settling.freeSchedule !== 'synchronous' || settling.tolerance !== 0) {
    throw new RangeError('only a fixed number of synchronous steps is differentiated');
  }
  // Slots 1 to `kept` hold the states before each of the last steps.
  const adjoint: Slot = kept + 1;
  return {
    name: 'backpropagation-through-time',
    needs: { model: ['differentiable-step'], kernels: ['adjoint'] },
    slots: kept + 2,
    complexStates: false,
    betas: { lowest: 0, highest: 0 },
    anderson: false,
    accumulates: true,
    updatesPerBatch: 1,
    settleFreely: (kernels, start) => settleFree(kernels, settling, start),

    estimate(kernels, { start }, learn) {
      const run = (from: Slot | 'zeros', into: Slot, steps: number) =>
        kernels.settle({
          from,
          into,
          schedule: 'synchronous',
          teaching: { kind: 'none' },
          steps,
          tolerance: 0,
          leastSteps: 1,
          interruptible: true,
        });
      let report = run(start, 1, freeSteps - kept);
      let free: Settled | undefined;
      for (let step = 1; step <= kept && report.kind === 'settled'; step++) {
        report = run(step, step === kept ? FREE : step + 1, 1);
        if (report.kind === 'settled') free = { ...report, steps: freeSteps };
        // Counted from the start of the phase that these steps are cut from.
        if (report.kind === 'not-finite') report = { ...report, step: freeSteps - kept + step };
      }
      if (report.kind !== 'settled') return interruption(report, 'free');
      if (free === undefined) throw new Error('at least one step is differentiated');
      kernels.costGradient(FREE, adjoint);
      for (let step = kept; step >= 1; step--) kernels.adjointStep(step, adjoint, adjoint);
      kernels.addToGradients({ terms: [], readoutAt: FREE });
      learn({ kind: 'accumulated' });
      return { kind: 'estimated', free, nudged: free, nudgedSlot: FREE };
    },
  };
}
