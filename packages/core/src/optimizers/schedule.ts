/**
 * The factor on all learning rates as a function of the epochs done, e = ⌊epochs⌋.
 *
 *   constant       1
 *   step           factor^⌊e / everyEpochs⌋
 *   exponential    factorPerEpoch^e
 *   cosine         lowest + (1 − lowest) (1 + cos(π min(e / epochs, 1))) / 2
 *   warm-up        the above · min(epochs / warmUpEpochs, 1)
 *
 * The first four go by whole epochs, as PyTorch's StepLR, ExponentialLR and CosineAnnealingLR do when stepped once an
 * epoch; the warm-up rises with every batch. All count from the start of training, during a warm-up too.
 *
 * Differs from PyTorch: after its last epoch the cosine stays at its lowest instead of rising again, and that lowest is a
 * fraction of the base rate, so that one number serves layers with different rates.
 */
import { checkField } from './field-ranges.ts';
import type { RateSchedule } from './optimizer-description.ts';

/** `epochs`: done since training began, with the fraction of the present one. */
export function rateFactor(schedule: RateSchedule, epochs: number): number {
  const { warmUpEpochs = 0 } = schedule;
  // Without a warm-up the comparison fails from the start, and 0 / 0 is never taken.
  const rise = epochs < warmUpEpochs ? epochs / warmUpEpochs : 1;
  return rise * factorAfter(schedule, Math.floor(epochs));
}

function factorAfter(schedule: RateSchedule, wholeEpochs: number): number {
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'step':
      return schedule.factor ** Math.floor(wholeEpochs / schedule.everyEpochs);
    case 'exponential':
      return schedule.factorPerEpoch ** wholeEpochs;
    case 'cosine': {
      const progress = Math.min(wholeEpochs / schedule.epochs, 1);
      return schedule.lowest + ((1 - schedule.lowest) * (1 + Math.cos(Math.PI * progress))) / 2;
    }
    default:
      schedule satisfies never;
      throw new Error('unreachable schedule');
  }
}

export function checkSchedule(schedule: RateSchedule): void {
  if (schedule.warmUpEpochs !== undefined) {
    checkField('schedule.warmUpEpochs', schedule.warmUpEpochs, 'finite and >= 0');
  }
  switch (schedule.kind) {
    case 'constant':
      return;
    case 'step':
      checkField('schedule.everyEpochs', schedule.everyEpochs, 'whole and >= 1');
      checkField('schedule.factor', schedule.factor, 'finite and > 0');
      return;
    case 'exponential':
      checkField('schedule.factorPerEpoch', schedule.factorPerEpoch, 'finite and > 0');
      return;
    case 'cosine':
      checkField('schedule.epochs', schedule.epochs, 'whole and >= 1');
      checkField('schedule.lowest', schedule.lowest, 'in [0, 1]');
      return;
    default:
      schedule satisfies never;
      throw new Error('unreachable schedule');
  }
}
