import { ONE_LANE, referenceKernels } from '@settle/core';
import { describe, expect, it } from 'vitest';
import { compareChanges, compareStates, firstRows, type NamedValues, takeFirstStep } from './first-step.ts';
import { openTraining } from './training-step.ts';
import { WORKLOADS, workloadNamed } from './workloads.ts';

const named = (...values: readonly number[]): readonly NamedValues[] => [
  { name: 'weights', values: Float64Array.from(values) },
];

const SAMPLES = 4;
const DATASET = {
  name: 'drawn',
  inputs: Uint8Array.from({ length: 8 * 784 }, (_, k) => (k % 7 === 0 ? (k * 37) % 256 : 0)),
  inputScale: 1 / 255,
  labels: Uint8Array.from({ length: 8 }, (_, k) => k),
  sampleCount: 8,
  shape: [1, 28, 28] as const,
  featureCount: 784,
  classCount: 10,
};

describe('states', () => {
  it('may differ by 1e-5', () => {
    expect(compareStates(named(0, 1), named(0, 1 + 9e-6))).toBeCloseTo(9e-6);
    expect(() => compareStates(named(0, 1), named(0, 1 + 2e-5))).toThrow('weights');
  });

  it('may not be NaN, missing or of another shape', () => {
    expect(() => compareStates(named(0, Number.NaN), named(0, 1))).toThrow();
    expect(() => compareStates(named(Number.NaN, 1), named(0, 1))).toThrow();
    expect(() => compareStates(named(0), named(0, 1))).toThrow('shape');
    expect(() => compareStates([], named(0, 1))).toThrow('shape');
  });
});

describe('changes', () => {
  it('may differ by 5e-4 of the largest of their tensor', () => {
    expect(compareChanges(named(2, 0.0009), named(2, 0), 0)).toBeCloseTo(4.5e-4);
    expect(() => compareChanges(named(2, 0.0011), named(2, 0), 0)).toThrow('weights');
    expect(compareChanges(named(2, 0.0011), named(2, 0), 0.0002)).toBeCloseTo(5.5e-4);
  });

  it('may not come from nowhere', () => {
    expect(compareChanges(named(0, 0), named(0, 0), 0)).toBe(0);
    expect(() => compareChanges(named(0, 1e-20), named(0, 0), 0)).toThrow();
    expect(() => compareChanges(named(0, Number.NaN), named(0, 0), 0)).toThrow();
  });
});

describe('the first step', () => {
  it('is the same when it is taken again, after others', () => {
    const training = openTraining(workloadNamed('e-500').parts(), referenceKernels, ONE_LANE, DATASET, SAMPLES);
    const first = takeFirstStep(training, SAMPLES);
    for (let k = 0; k < 3; k++) training.step(SAMPLES);
    expect(takeFirstStep(training, SAMPLES)).toEqual(first);
  });

  it('settles a sample alike in any batch', () => {
    const training = openTraining(workloadNamed('p-512-short').parts(), referenceKernels, ONE_LANE, DATASET, SAMPLES);
    const { states } = takeFirstStep(training, SAMPLES);
    const fewer = takeFirstStep(training, 2);
    expect(compareStates(firstRows(states, [SAMPLES, 2]), fewer.states)).toBe(0);
    expect(() => compareStates(firstRows(states, [SAMPLES, 1]), fewer.states)).toThrow('shape');
  });

  it.each(WORKLOADS.filter(({ name }) => !/1024|conv/.test(name)))(
    'of $name moves every tensor that learns',
    ({ parts }) => {
      const training = openTraining(parts(), referenceKernels, ONE_LANE, DATASET, 2);
      const { changes, states } = takeFirstStep(training, 2);
      const learning = changes.filter(
        ({ name }) => parts().optimizer.parameterBuffers === 0 || name.startsWith('weights'),
      );
      for (const { values } of learning) expect(values.some((value) => value !== 0)).toBe(true);
      for (const { values } of [...changes, ...states]) expect(values.every(Number.isFinite)).toBe(true);
    },
  );
});
