/** One line of a bench: a workload in one batch size on one set of kernels. */
import type { CheckedStep } from './check-first-step.ts';
import type { StepTimes } from './step-times.ts';

/** Field names are what other tools read. */
export interface BenchRow {
  readonly workload: string;
  readonly batch: number;
  readonly kernels: string;
  readonly lanes: number;
  /** Median of a training step. */
  readonly msPerStep: number;
  /** 10th percentile. */
  readonly p10Ms: number;
  readonly imagesPerSecond: number;
  /** 1e9 per second, by ./useful-flops.ts. */
  readonly usefulGflops: number;
  /** Of the multiply-add peak of as many cores, measured in the same run; null where nothing could measure it. */
  readonly peakFraction: number | null;
  readonly machine: string;
  readonly commit: string;
}

export interface RowContext {
  readonly kernels: string;
  readonly lanes: number;
  readonly peakFlops: number | undefined;
  readonly machine: string;
  readonly commit: string;
}

export function rowOf(
  workload: string,
  batch: number,
  flopsPerStep: number,
  { medianMs, p10Ms }: StepTimes,
  { kernels, lanes, peakFlops, machine, commit }: RowContext,
): BenchRow {
  const flops = (flopsPerStep / medianMs) * 1e3;
  return {
    workload,
    batch,
    kernels,
    lanes,
    msPerStep: rounded(medianMs),
    p10Ms: rounded(p10Ms),
    imagesPerSecond: rounded((batch / medianMs) * 1e3),
    usefulGflops: rounded(flops / 1e9),
    peakFraction: peakFlops === undefined ? null : rounded(flops / peakFlops),
    machine,
    commit,
  };
}

/** Four digits: more than any of these figures is worth. */
const rounded = (value: number): number => Number(value.toPrecision(4));

const WIDTHS = [12, 6, 15, 6, 11, 10, 11, 9, 9] as const;

const aligned = (cells: readonly string[]): string =>
  cells.map((cell, k) => (k === 0 ? cell.padEnd(WIDTHS[0]) : cell.padStart(WIDTHS[k] ?? 0))).join('');

export const TABLE_HEAD = `${aligned([
  ...['workload', 'batch', 'kernels', 'lanes', 'ms/step', 'p10 ms', 'images/s', 'GFLOP/s', 'peak'],
])}   checked before`;

export function tableLine(row: BenchRow, { samples, states, changes }: CheckedStep, steps: number): string {
  const { workload, batch, kernels, lanes, msPerStep, p10Ms, imagesPerSecond, usefulGflops, peakFraction } = row;
  const cells = [
    ...[workload, String(batch), kernels, String(lanes), String(msPerStep), String(p10Ms)],
    ...[imagesPerSecond.toFixed(0), usefulGflops.toFixed(1)],
    peakFraction === null ? '-' : `${(100 * peakFraction).toFixed(1)} %`,
  ];
  const checked = samples === batch ? 'all samples' : `${samples} samples`;
  const found = `states ${states.toExponential(1)}, changes ${changes.toExponential(1)}`;
  return `${aligned(cells)}   ${checked}: ${found}; median of ${steps} steps`;
}
