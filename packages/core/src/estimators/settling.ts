/**
 * How phases are run, shared by all estimators that settle.
 *
 * A phase has a fixed number of steps, or ends when its residual falls below a tolerance. Two rules keep an early end from
 * spoiling an estimate. No phase is shorter than the network is deep, for a signal moves one connection a step. And the
 * tolerance is at most a hundredth of β, because a gradient is a difference of states of order β.
 */
import type { NetworkKernels, Phase, Schedule, SettleReport, Slot, Teaching } from '../kernels/kernel-set.ts';
import type { ModelProperty } from '../models/layered-model.ts';
import { FREE } from './gradient-estimator.ts';

export interface Settling {
  /** Of free phases; `feed-forward` where one upward sweep leaves the network at rest. */
  readonly freeSchedule: Schedule;
  /** Of nudged phases; not `feed-forward`, by which nothing comes down from the outputs. */
  readonly schedule: Schedule;
  /** Steps at most. */
  readonly freeSteps: number;
  readonly nudgedSteps: number;
  /** Residual below which a phase ends; 0 does all steps. */
  readonly tolerance: number;
  /** Connections from input to output. */
  readonly depth: number;
}

/** Largest share of β that a tolerance may be. */
const TOLERANCE_PER_BETA = 0.01;

/** Throws RangeError, naming the fault, on settings with which no estimate could be right. `beta` > 0. */
export function checkSettling({ schedule, freeSteps, nudgedSteps, tolerance }: Settling, beta: number): void {
  if (!(beta > 0 && Number.isFinite(beta))) throw new RangeError(`beta must be a finite number > 0, got ${beta}`);
  if (schedule === 'feed-forward') throw new RangeError('a nudged phase settles, and "feed-forward" is no settling');
  for (const steps of [freeSteps, nudgedSteps]) {
    if (!Number.isInteger(steps) || steps < 1) throw new RangeError(`a phase has >= 1 steps, got ${steps}`);
  }
  if (!(tolerance >= 0 && tolerance <= TOLERANCE_PER_BETA * beta)) {
    throw new RangeError(
      `the tolerance must be 0 or at most ${TOLERANCE_PER_BETA} times beta, which is ${TOLERANCE_PER_BETA * beta}; got ${tolerance}`,
    );
  }
}

/** The free phase of a batch, into slot `FREE`. */
export function settleFree(kernels: NetworkKernels, settling: Settling, start: Slot | 'zeros'): SettleReport {
  return kernels.settle({
    from: start,
    into: FREE,
    schedule: settling.freeSchedule,
    teaching: { kind: 'none' },
    steps: settling.freeSteps,
    tolerance: settling.tolerance,
    leastSteps: settling.depth,
    interruptible: true,
  });
}

/** A nudged phase; `steps`: exactly so many, to match one of the other sign, or undefined to end by the tolerance. */
export function nudgedPhase(
  settling: Settling,
  teaching: Teaching,
  from: Slot,
  into: Slot,
  steps: number | undefined,
): Phase {
  return {
    from,
    into,
    schedule: settling.schedule,
    teaching,
    steps: steps ?? settling.nudgedSteps,
    tolerance: steps === undefined ? settling.tolerance : 0,
    leastSteps: settling.depth,
    interruptible: true,
  };
}

/** What a model must have for the phases to end at rest: the free one, if it is an upward sweep. */
export function propertiesAsked({ freeSchedule }: Settling): readonly ModelProperty[] {
  return freeSchedule === 'feed-forward' ? ['prediction-error'] : [];
}

/** The kernel features that schedules ask for. */
export function schedulesAsked({ freeSchedule, schedule }: Settling): readonly Exclude<Schedule, 'synchronous'>[] {
  return [...new Set([freeSchedule, schedule])].flatMap((name) => (name === 'synchronous' ? [] : [name]));
}
