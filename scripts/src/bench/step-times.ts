/** How long does a step take? Warm-up, then single steps or small groups of them, until there is enough to judge. */
import process from 'node:process';
import { median, quantile } from './statistics.ts';

export interface StepTimes {
  readonly medianMs: number;
  /** 10th percentile. */
  readonly p10Ms: number;
  /** How many steps were timed. */
  readonly steps: number;
}

const WARM_UP_MS = 500;
const LEAST_MS = 2_000;
const LEAST_STEPS = 20;
/** Where steps are so slow that the least number of them would take longer. */
const LONGEST_MS = 60_000;
/** Shorter steps are timed in groups of so long: the clock then costs less than a thousandth. */
const GROUP_MS = 0.5;

export type ClockMs = () => number;

const hrtimeMs: ClockMs = () => Number(process.hrtime.bigint()) / 1e6;

export function timeSteps(step: () => void, clock: ClockMs = hrtimeMs): StepTimes {
  const typicalMs = warmUp(step, clock);
  const group = Math.max(1, Math.ceil(GROUP_MS / Math.max(typicalMs, 1e-6)));
  const times: number[] = [];
  const began = clock();
  for (let before = began; ; ) {
    for (let k = 0; k < group; k++) step();
    const now = clock();
    times.push((now - before) / group);
    before = now;
    const spentMs = now - began;
    const isEnough = spentMs >= LEAST_MS && times.length * group >= LEAST_STEPS;
    if (isEnough || spentMs >= LONGEST_MS) break;
  }
  return { medianMs: median(times), p10Ms: quantile(times, 0.1), steps: times.length * group };
}

/** Returns the time of a step towards the end, in ms. */
function warmUp(step: () => void, clock: ClockMs): number {
  const began = clock();
  for (let before = began; ; ) {
    step();
    const now = clock();
    if (now - began >= WARM_UP_MS) return now - before;
    before = now;
  }
}
