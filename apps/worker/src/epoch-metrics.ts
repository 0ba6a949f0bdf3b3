/** An epoch's metrics under the names they have outside this process, and back. */
import type { MetricKey, NewJobEvent } from '@settle/contracts';
import type { EpochMetrics } from '@settle/core';

/** One number each: what a result, an event and a checkpoint say of an epoch. */
export interface EpochSummary {
  readonly test_accuracy: number;
  readonly test_cost: number;
  readonly train_accuracy: number;
  readonly train_cost: number;
  /** Null without validation samples. */
  readonly validation_accuracy: number | null;
  readonly validation_cost: number | null;
  readonly free_residual: number;
  readonly nudged_residual: number;
  readonly free_steps: number;
  readonly nudged_steps: number;
}

export function epochSummary(metrics: EpochMetrics): EpochSummary {
  return {
    test_accuracy: metrics.testAccuracy,
    test_cost: metrics.testCost,
    train_accuracy: metrics.trainAccuracy,
    train_cost: metrics.trainCost,
    validation_accuracy: metrics.validation?.accuracy ?? null,
    validation_cost: metrics.validation?.cost ?? null,
    free_residual: metrics.freeResidual,
    nudged_residual: metrics.nudgedResidual,
    free_steps: metrics.freeSteps,
    nudged_steps: metrics.nudgedSteps,
  };
}

/** What the event of an epoch adds to its number. JSON has no NaN; it is null there. */
export function epochEventData(
  metrics: EpochMetrics,
): Omit<Extract<NewJobEvent, { type: 'job.epoch' }>['data'], 'epoch' | 'epochs' | 'step'> {
  const diagnostics = Object.entries(metrics.diagnostics).map(([name, value]) => [name, finiteOrNull(value)]);
  return {
    ...epochSummary(metrics),
    recall: metrics.testRecall.map(finiteOrNull),
    diagnostics: Object.fromEntries(diagnostics),
  };
}

/** The points that an epoch adds to the metric series. A class without test samples has no recall. */
export function epochPoints(metrics: EpochMetrics): readonly (readonly [key: MetricKey, point: number])[] {
  const { validation } = metrics;
  return [
    ['epoch/train-cost', metrics.trainCost],
    ['epoch/train-accuracy', metrics.trainAccuracy],
    ['epoch/test-cost', metrics.testCost],
    ['epoch/test-accuracy', metrics.testAccuracy],
    ['settle/free-steps', metrics.freeSteps],
    ['settle/nudged-steps', metrics.nudgedSteps],
    ...(validation === undefined
      ? []
      : ([
          ['epoch/validation-cost', validation.cost],
          ['epoch/validation-accuracy', validation.accuracy],
        ] as const)),
    ...metrics.testRecall.flatMap((recall, label): [MetricKey, number][] =>
      Number.isNaN(recall) ? [] : [[`epoch/recall/${label}`, recall]],
    ),
    ...Object.entries(metrics.diagnostics).map(([name, value]): [MetricKey, number] => [`diagnostics/${name}`, value]),
  ];
}

/** What a checkpoint's row says of its epoch; `is_best`: 1 where no epoch before was better by validation. */
export function checkpointMetrics(metrics: EpochMetrics, isBest: boolean): Readonly<Record<string, number>> {
  const numbers = Object.entries(epochSummary(metrics)).filter((entry): entry is [string, number] => entry[1] !== null);
  return { ...Object.fromEntries(numbers), ...(isBest ? { is_best: 1 } : {}) };
}

/** Undefined where a record has not all of them, such as that of a checkpoint in mid-epoch. */
export function summaryOfCheckpoint(record: Readonly<Record<string, number>>): EpochSummary | undefined {
  const { test_accuracy, test_cost, train_accuracy, train_cost } = record;
  const { free_residual, nudged_residual, free_steps, nudged_steps } = record;
  if (test_accuracy === undefined || test_cost === undefined) return undefined;
  if (train_accuracy === undefined || train_cost === undefined) return undefined;
  if (free_residual === undefined || nudged_residual === undefined) return undefined;
  if (free_steps === undefined || nudged_steps === undefined) return undefined;
  return {
    test_accuracy,
    test_cost,
    train_accuracy,
    train_cost,
    validation_accuracy: record.validation_accuracy ?? null,
    validation_cost: record.validation_cost ?? null,
    free_residual,
    nudged_residual,
    free_steps,
    nudged_steps,
  };
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
