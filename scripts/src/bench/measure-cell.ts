/** One workload in one batch size: check, then time. */
import type { Dataset, KernelSet, Lanes } from '@settle/core';
import { type BenchRow, type RowContext, rowOf } from './bench-row.ts';
import { type CheckedStep, checkFirstStep } from './check-first-step.ts';
import { timeSteps } from './step-times.ts';
import { type OpenedTraining, openTraining } from './training-step.ts';
import { usefulFlops } from './useful-flops.ts';
import type { Workload } from './workloads.ts';

export interface Cell {
  readonly workload: Workload;
  readonly batch: number;
  readonly kernelSet: KernelSet;
  readonly lanes: Lanes;
  readonly dataset: Dataset;
}

export type MeasuredCell =
  | { readonly kind: 'measured'; readonly row: BenchRow; readonly checked: CheckedStep; readonly steps: number }
  | { readonly kind: 'failed'; readonly reason: string };

export async function measureCell(cell: Cell, context: RowContext): Promise<MeasuredCell> {
  const { workload, batch, kernelSet, lanes, dataset } = cell;
  const parts = workload.parts();
  const missing = kernelSet.missing(parts.network, parts.estimator.needs.kernels);
  if (missing.length > 0) return { kind: 'failed', reason: `${kernelSet.name} kernels lack ${missing.join(', ')}` };
  let training: OpenedTraining | undefined;
  try {
    training = openTraining(parts, kernelSet, lanes, dataset, batch);
    const checked = await checkFirstStep(workload, batch, training);
    const { step } = training;
    const times = timeSteps(() => step(batch));
    const flops = usefulFlops(parts.network, workload.counts, batch);
    return { kind: 'measured', row: rowOf(workload.name, batch, flops, times, context), checked, steps: times.steps };
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
  } finally {
    training?.close();
  }
}
