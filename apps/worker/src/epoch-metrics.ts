/** An epoch's metrics under the names they have outside this process, and back. */
import type { EpochMetrics } from '@settle/core';

export interface EpochMetricsRecord {
  readonly [name: string]: number;
  readonly test_accuracy: number;
  readonly test_cost: number;
  readonly train_accuracy: number;
  readonly train_cost: number;
  readonly free_residual: number;
}

export function epochMetricsRecord(metrics: EpochMetrics): EpochMetricsRecord {
  return {
    test_accuracy: metrics.testAccuracy,
    test_cost: metrics.testCost,
    train_accuracy: metrics.trainAccuracy,
    train_cost: metrics.trainCost,
    free_residual: metrics.freeResidual,
  };
}

/** Undefined where a record has not all of them, such as that of a checkpoint in mid-epoch. */
export function epochMetricsOf(record: Readonly<Record<string, number>>): EpochMetrics | undefined {
  const { test_accuracy, test_cost, train_accuracy, train_cost, free_residual } = record;
  if (test_accuracy === undefined || test_cost === undefined) return undefined;
  if (train_accuracy === undefined || train_cost === undefined || free_residual === undefined) return undefined;
  return {
    testAccuracy: test_accuracy,
    testCost: test_cost,
    trainAccuracy: train_accuracy,
    trainCost: train_cost,
    freeResidual: free_residual,
  };
}
