/** The cosine between an estimate and the exact gradient, where it is known what it must be. */

import { describe, expect, it } from 'vitest';
import type { KernelSet } from '../kernels/kernel-set.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { wasmKernels } from '../kernels/wasm/wasm-kernels.ts';
import { initialParameters } from '../models/initialization.ts';
import { backpropagationThroughTimeRecipe } from '../recipes/backpropagation-through-time.ts';
import { epRecipe } from '../recipes/ep.ts';
import { holomorphicEpRecipe } from '../recipes/holomorphic-ep.ts';
import { type Method, methodFrom } from '../recipes/method.ts';
import type { MethodSettings } from '../recipes/method-description.ts';
import { nonReciprocalEpRecipe } from '../recipes/non-reciprocal-ep.ts';
import { prototypicalEpRecipe } from '../recipes/prototypical-ep.ts';
import { chain, descent, EVERY_RECIPE, glorot, POINTS, settling } from '../recipes/testing/every-recipe.ts';
import { createArenaMemory } from '../tensor/arena.ts';
import { controlBlock } from '../tensor/control-block.ts';
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

const SETS = { own: referenceKernels, reference: referenceKernels };
/** Nobody asks for a stop here. */
const MEMORY = createArenaMemory(0);

function cosineOf(method: Method, change: (w: number, i: number) => number = (w) => w): number | undefined {
  const { network } = method.model;
  const drawn = initialParameters(method.description.initialization, network, randomStream(3, 'init'));
  const parameters = { ...drawn, weights: drawn.weights.map((values) => values.map(change)) };
  return gradientCosine(method, SETS, MEMORY, parameters, data('blobs', 40), undefined);
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
      return gradientCosine(method, SETS, MEMORY, drawn, data(on, 40), undefined) === undefined;
    }).map(({ recipe }) => recipe);
    expect(undefinedFor.toSorted()).toEqual([
      'backpropagation',
      'binary-ep',
      'convolutional-ep',
      'feedback-alignment',
      'forward-forward',
      'hopfield-resnet-ep',
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
    expect(gradientCosine(ep('centred', 0.1), SETS, MEMORY, broken, data('blobs', 40), undefined)).toBeUndefined();
  });

  it('is among the metrics of an epoch only where it was asked for', () => {
    const metrics = (isAsked: boolean) =>
      epochMetrics(
        run({ method: ep('centred', 0.1), epochs: 1, diagnostics: { everyEpochs: 1, gradientCosine: isAsked } }).events,
      )[0];
    expect(metrics(true).diagnostics['gradient-cosine']).toBeGreaterThan(0.9);
    expect(metrics(false).diagnostics).not.toHaveProperty('gradient-cosine');
  });

  it('sees the stop request of the training that it looks into', () => {
    const { network } = ep('centred', 0.1).model;
    const drawn = initialParameters(
      { name: 'glorot-uniform', gains: [], binary: false },
      network,
      randomStream(3, 'init'),
    );
    const memory = createArenaMemory(0);
    controlBlock(memory).requestStop('cancel');
    expect(gradientCosine(ep('centred', 0.1), SETS, memory, drawn, data('blobs', 40), undefined)).toBeUndefined();
    controlBlock(memory).requestStop('none');
    expect(gradientCosine(ep('centred', 0.1), SETS, memory, drawn, data('blobs', 40), undefined)).toBeGreaterThan(0.9);
  });

  it('shows the rounding of the kernels that train, which a tiny beta brings out', () => {
    const method = ep('centred', 1e-7);
    const drawn = initialParameters(
      { name: 'glorot-uniform', gains: [], binary: false },
      method.model.network,
      randomStream(3, 'init'),
    );
    const cosineBy = (own: KernelSet) =>
      gradientCosine(method, { own, reference: referenceKernels }, MEMORY, drawn, data('blobs', 40), undefined) ??
      Number.NaN;
    expect(cosineBy(referenceKernels)).toBeGreaterThan(0.99);
    expect(cosineBy(wasmKernels)).toBeLessThan(0.99);
  });
});
