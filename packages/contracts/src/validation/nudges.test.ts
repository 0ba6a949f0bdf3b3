/** Nudges under which outputs cannot settle are refused, by recipe; the same rule as core's, which knows the networks. */
import { describe, expect, it } from 'vitest';
import { validateJob } from '../job-validation.ts';
import type { DatasetShape } from './data-faults.ts';

const mnist: DatasetShape = { name: 'mnist', features: 784, classes: 10, trainSamples: 60_000, testSamples: 10_000 };
const job = (recipe: string, more: object = {}) => ({ recipe, dataset: { name: 'mnist' }, ...more });
const nudged = (network: object, settling: object) => ({ network, settling });

describe('a nudge', () => {
  const linear = { output_activation: 'identity' };
  const squared = { readout: 'squared-error' };
  it.each<[what: string, body: object]>([
    // ε (1 + β) >= 2 of linear outputs, of a nudge outside, and of an energy gradient.
    [
      'a map to linear outputs',
      job('prototypical-ep', nudged(linear, { nudge: 'inside', nudging: 'one-sided', beta: 1 })),
    ],
    ['a damped map', job('prototypical-ep', nudged(linear, { step_size: 0.5, nudging: 'one-sided', beta: 3 }))],
    [
      'outputs that have the activation of the rest',
      job('prototypical-ep', nudged({ activation: 'identity' }, { nudge: 'inside', beta: 1 })),
    ],
    ['a nudge outside', job('prototypical-ep', nudged({}, { nudging: 'one-sided', beta: 1 }))],
    ['weights in motion', job('continual-ep', nudged({}, { beta: 1 }))],
    ['convolutions', job('convolutional-ep', nudged({}, { nudging: 'one-sided', beta: 1 }))],
    ['an energy gradient', job('ep', nudged({}, { nudging: 'one-sided', beta: 3 }))],
    ['an energy gradient of binary weights', job('binary-ep', nudged({}, { beta: 3 }))],
    ['an energy gradient of moving parameters', job('agnostic-ep', nudged({}, { nudging: 'optimistic', beta: 3 }))],
    ['half of the distance', job('agnostic-ep', nudged({}, { beta: 6 }))],
    // β >= 1 of both signs, where ε (1 + β) < 2.
    ['a random sign', job('continual-ep', nudged({}, { step_size: 0.5, nudging: 'random-sign', beta: 1 }))],
    ['both signs', job('prototypical-ep', nudged({}, { step_size: 0.5, beta: 1 }))],
    ['both signs of separate ways', job('non-reciprocal-ep', nudged({}, { beta: 1 }))],
    ['both signs on skips', job('hopfield-resnet-ep', nudged({}, { beta: 1 }))],
    ['a circle', job('holomorphic-ep', nudged({ ...linear, ...squared }, { beta: 1 }))],
    ['both signs of linear outputs under a gradient', job('ep', nudged(linear, { beta: 1 }))],
  ])('refuse a nudge under which outputs run away: %s', (_, body) => {
    expect(validateJob(body, mnist)).toMatchObject({
      faults: [{ pointer: '/settling/beta', code: 'nudge_unstable' }],
    });
  });

  it.each<[what: string, body: object]>([
    ['just below', job('convolutional-ep', nudged({}, { nudging: 'one-sided', beta: 0.99 }))],
    ['a map damped enough', job('prototypical-ep', nudged({}, { step_size: 0.5, nudging: 'one-sided', beta: 2.9 }))],
    ['an activation around the nudge', job('prototypical-ep', nudged({}, { nudge: 'inside', beta: 5 }))],
    ['a circle within an activation', job('holomorphic-ep', nudged(squared, { beta: 5 }))],
    [
      'a softmax, whose outputs do not settle',
      job('convolutional-ep', nudged({ readout: 'softmax-cross-entropy' }, { beta: 5 })),
    ],
    ['a negative nudge onto a bound', job('ep', nudged({}, { beta: 2.9 }))],
    ['a negative nudge alone', job('agnostic-ep', nudged({}, { nudging: 'pessimistic', beta: 5 }))],
  ])('is not refused: %s', (_, body) => {
    expect(validateJob(body, mnist)).toMatchObject({ kind: 'valid' });
  });
});
