/** One sweep from the input upwards, for networks that do not settle. */
import type { NetworkKernels, SettleReport, Slot } from '../kernels/kernel-set.ts';

export function upwardSweep(kernels: NetworkKernels, into: Slot): SettleReport {
  return kernels.settle({
    from: 'zeros',
    into,
    schedule: 'feed-forward',
    teaching: { kind: 'none' },
    steps: 1,
    tolerance: 0,
    leastSteps: 1,
    interruptible: true,
  });
}
