/** The cosine between an estimate and the exact gradient, where it is known what it must be. */
import { describe, expect, it } from 'vitest';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { initialParameters } from '../models/initialization.ts';
import { backpropagationThroughTimeRecipe } from '../recipes/backpropagation-through-time.ts';
import { epRecipe } from '../recipes/ep.ts';
import { holomorphicEpRecipe } from '../recipes/holomorphic-ep.ts';
import { type Method, methodFrom } from '../recipes/method.ts';
import type { MethodSettings } from '../recipes/method-description.ts';
import { nonReciprocalEpRecipe } from '../recipes/non-reciprocal-ep.ts';
import { prototypicalEpRecipe } from '../recipes/prototypical-ep.ts';
import { chain, descent, EVERY_RECIPE, glorot, POINTS, settling } from '../recipes/testing/every-recipe.ts';
import { randomStream } from '../tensor/random.ts';
import { gradientCosine } from './gradient-cosine.ts';
import { data, epochMetrics, run } from './testing/sessions.ts';

/** Weights so small that networks come to rest, and phases long enough for it. */
const SETTLED = {
  network: chain(POINTS, [9], 'tanh'),
  settling: settling(120, 60),
  optimizer: descent([0.4, 0.2]),
  initialization: { ...glorot, gains: [0.5, 0.5] },
} satisfies MethodSettings;

function cosineOf(method: Method, change: (w: number, i: number) => number = (w) => w): number | undefined {
  const { network } = method.model;
  const drawn = initialParameters(method.description.initialization, network, randomStream(3, 'init'));
  const parameters = { ...drawn, weights: drawn.weights.map((values) => values.map(change)) };
  return gradientCosine(method, referenceKernels, parameters, data('blobs', 40), undefined);
}

const ep = (nudging: 'one-sided' | 'centred', beta: number, others: Partial<MethodSettings> = {}) =>
  methodFrom(epRecipe({ ...SETTLED, ...others, stepSize: 0.5, nudging, beta }));

describe('the cosine to backpropagation through time', () => {
  it('is 1 for itself', () => {
    const exact = methodFrom(backpropagationThroughTimeRecipe({ ...SETTLED, stepSize: 1 }));
    expect(cosineOf(exact)).toBeCloseTo(1, 10);
  });

  it.each([
    { title: 'centred EP on the energy', method: ep('centred', 0.1) },
    {
      title: 'centred EP in discrete time',
      method: methodFrom(
        prototypicalEpRecipe({ ...SETTLED, stepSize: 1, nudge: 'inside', nudging: 'centred', beta: 0.1 }),
      ),
    },
    {
      title: 'EP around a circle',
      method: methodFrom(
        holomorphicEpRecipe({ ...SETTLED, network: chain(POINTS, [9], 'logistic'), beta: 0.1, points: 4 }),
      ),
    },
    {
      title: 'EP with feedback of its own',
      method: methodFrom(
        nonReciprocalEpRecipe({
          ...SETTLED,
          optimizer: {
            ...SETTLED.optimizer,
            learningRates: { weights: [0.4, 0.2], biases: [0.4, 0.2], feedback: [0, 0.2] },
          },
          stepSize: 0.5,
          beta: 0.02,
        }),
      ),
    },
  ])('is near 1 for $title at a network that is well settled', ({ method }) => {
    expect(cosineOf(method)).toBeGreaterThan(0.99);
    expect(cosineOf(method)).toBeLessThanOrEqual(1 + 1e-12);
  });

  it('is nearer to 1 centred than one-sided', () => {
    const centred = cosineOf(ep('centred', 0.5)) ?? Number.NaN;
    const oneSided = cosineOf(ep('one-sided', 0.5)) ?? Number.NaN;
    expect(centred).toBeGreaterThan(oneSided);
  });

  it('is not defined for methods without differentiable steps, for sweeps, and where an estimate comes to no end', () => {
    const undefinedFor = EVERY_RECIPE.filter(({ method, on }) => {
      const { network } = method.model;
      const drawn = initialParameters(method.description.initialization, network, randomStream(3, 'init'));
      return gradientCosine(method, referenceKernels, drawn, data(on, 40), undefined) === undefined;
    }).map(({ recipe }) => recipe);
    expect(undefinedFor.toSorted()).toEqual([
      'backpropagation',
      'feedback-alignment',
      'forward-forward',
      'predictive-coding',
    ]);
    expect(cosineOf(ep('centred', 0.1, { settling: settling(1, 1) }))).toBeUndefined();
    const { network } = ep('centred', 0.1).model;
    const drawn = initialParameters(SETTLED.initialization, network, randomStream(3, 'init'));
    const broken = {
      weights: drawn.weights.map((values) => values.map(() => Number.NaN)),
      biases: drawn.biases,
      feedback: [],
    };
    expect(gradientCosine(ep('centred', 0.1), referenceKernels, broken, data('blobs', 40), undefined)).toBeUndefined();
  });

  it('is among the metrics of an epoch only where it was asked for', () => {
    const metrics = (isAsked: boolean) =>
      epochMetrics(
        run({ method: ep('centred', 0.1), epochs: 1, diagnostics: { everyEpochs: 1, gradientCosine: isAsked } }).events,
      )[0];
    expect(metrics(true).diagnostics['gradient-cosine']).toBeGreaterThan(0.9);
    expect(metrics(false).diagnostics).not.toHaveProperty('gradient-cosine');
  });
});
