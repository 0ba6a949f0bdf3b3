import { METRIC_KEY_PATTERN, METRIC_KEYS } from '@settle/contracts';
import type { EpochMetrics } from '@settle/core';
import { describe, expect, it } from 'vitest';
import { checkpointMetrics, epochEventData, epochPoints, epochSummary, summaryOfCheckpoint } from './epoch-metrics.ts';

const metrics: EpochMetrics = {
  trainCost: 0.1,
  trainAccuracy: 0.9,
  testCost: 0.2,
  testAccuracy: 0.8,
  testRecall: [1, Number.NaN, 0.5],
  validation: undefined,
  freeResidual: 0.01,
  nudgedResidual: 0.02,
  freeSteps: 20,
  nudgedSteps: 4,
  diagnostics: { 'weight-norm/weights.0': 3, 'gradient-cosine': Number.NaN },
};
const validated: EpochMetrics = { ...metrics, validation: { cost: 0.3, accuracy: 0.7 } };

describe('an epoch’s metrics', () => {
  it.each([metrics, validated])(
    'come back from the row of a checkpoint, whether or not there was validation',
    (given) => {
      expect(summaryOfCheckpoint(checkpointMetrics(given, true))).toEqual(epochSummary(given));
      expect(checkpointMetrics(given, true)).toHaveProperty('is_best', 1);
      expect(checkpointMetrics(given, false)).not.toHaveProperty('is_best');
      expect(summaryOfCheckpoint({})).toBeUndefined();
    },
  );

  it('have null in an event where JSON has no number', () => {
    const data = epochEventData(metrics);
    expect(data).toMatchObject({ recall: [1, null, 0.5], validation_accuracy: null });
    expect(data.diagnostics).toEqual({ 'weight-norm/weights.0': 3, 'gradient-cosine': null });
    expect(JSON.parse(JSON.stringify(data))).toEqual(data);
    expect(epochEventData(validated)).toMatchObject({ validation_accuracy: 0.7, validation_cost: 0.3 });
  });

  it('are points of series whose keys can be asked for', () => {
    const keys = epochPoints(validated).map(([key]) => key);
    for (const key of [...keys, ...METRIC_KEYS]) expect(key).toMatch(new RegExp(`^${METRIC_KEY_PATTERN}$`));
    expect(keys).toContain('epoch/recall/2');
    expect(keys).not.toContain('epoch/recall/1');
    expect(keys).toContain('epoch/validation-accuracy');
    expect(epochPoints(metrics).map(([key]) => key)).not.toContain('epoch/validation-accuracy');
  });
});
