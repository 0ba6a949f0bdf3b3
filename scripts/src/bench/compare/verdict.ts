/** Is one commit faster than the other? Only where the difference stands out of the noise. */
import { median } from '../statistics.ts';

export interface Timing {
  readonly workload: string;
  readonly batch: number;
  readonly kernels: string;
  readonly msPerStep: number;
}

/** What both were measured at in one round, one right after the other. */
export interface Round {
  readonly before: readonly Timing[];
  readonly after: readonly Timing[];
}

export interface Comparison {
  readonly workload: string;
  readonly batch: number;
  readonly kernels: string;
  /** Medians over rounds. */
  readonly beforeMs: number;
  readonly afterMs: number;
  /** Time after by time before, the median of the rounds' own ratios. */
  readonly ratio: number;
  /** Largest ratio of a round minus the smallest. */
  readonly spread: number;
  /** Plain only where the ratio is farther from 1 than its spread. */
  readonly verdict: 'faster' | 'slower' | 'no difference seen';
}

/** Per workload and batch that every round has on both sides, on the kernels of `after`. */
export function compareRounds(rounds: readonly Round[]): readonly Comparison[] {
  const [first] = rounds;
  if (first === undefined) return [];
  return first.after.flatMap(({ workload, batch, kernels }) => {
    const pairs = rounds.flatMap(({ before, after }) => {
      const was = timeOf(before, workload, batch);
      const is = timeOf(after, workload, batch);
      return was === undefined || is === undefined ? [] : [{ was, is, ratio: is / was }];
    });
    if (pairs.length < rounds.length) return [];
    const ratios = pairs.map(({ ratio }) => ratio);
    const ratio = median(ratios);
    const spread = Math.max(...ratios) - Math.min(...ratios);
    return [
      {
        workload,
        batch,
        kernels,
        beforeMs: median(pairs.map(({ was }) => was)),
        afterMs: median(pairs.map(({ is }) => is)),
        ratio,
        spread,
        verdict: verdictOn(ratio, spread),
      },
    ];
  });
}

function verdictOn(ratio: number, spread: number): Comparison['verdict'] {
  if (Math.abs(ratio - 1) <= spread) return 'no difference seen';
  return ratio < 1 ? 'faster' : 'slower';
}

const timeOf = (timings: readonly Timing[], workload: string, batch: number): number | undefined =>
  timings.find((timing) => timing.workload === workload && timing.batch === batch)?.msPerStep;
