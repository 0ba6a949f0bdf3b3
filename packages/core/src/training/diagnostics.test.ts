/** Every diagnostic against a computation of the test's own; and that looking changes nothing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stepSizeBound } from '../dynamics/stability.ts';
import { FREE } from '../estimators/gradient-estimator.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { initialParameters } from '../models/initialization.ts';
import { epRecipe } from '../recipes/ep.ts';
import { type Method, methodFrom, workspaceOf } from '../recipes/method.ts';
import type { MethodSettings } from '../recipes/method-description.ts';
import { prototypicalEpRecipe } from '../recipes/prototypical-ep.ts';
import { chain, descent, EVERY_RECIPE, glorot, POINTS, settling } from '../recipes/testing/every-recipe.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { randomStream } from '../tensor/random.ts';
import { decodeCheckpoint } from './checkpoint.ts';
import { diagnose } from './diagnostics.ts';
import {
  data,
  epochMetrics,
  isSameFile,
  lastFile,
  type RunOptions,
  run,
  setsFor,
  stoppedFile,
} from './testing/sessions.ts';

const SETTINGS = {
  network: chain(POINTS, [9], 'hard-sigmoid'),
  settling: settling(20, 8),
  optimizer: descent([0.4, 0.2]),
  initialization: { ...glorot, gains: [2, 1] },
} satisfies MethodSettings;

const ep = (others: Partial<MethodSettings> = {}) =>
  methodFrom(epRecipe({ ...SETTINGS, ...others, stepSize: 0.4, nudging: 'centred', beta: 0.5 }));

function built(method: Method, capacity: number) {
  const { network } = method.model;
  const workspace = workspaceOf(method, capacity);
  const memory = createArenaMemory(referenceKernels.predictBytes(network, workspace));
  const kernels = referenceKernels.build(network, workspace, openArena(memory));
  kernels.writeParameters(initialParameters(method.description.initialization, network, randomStream(5, 'init')));
  return kernels;
}

/** Free states of the first samples of the training data, one sample at a time. */
function restStates(method: Method, samples: number): readonly (readonly number[])[][] {
  const kernels = built(method, 1);
  const train = data('blobs', 40);
  const last = method.model.network.readout === 'squared-error' ? 2 : 1;
  return Array.from({ length: samples }, (_, sample) => {
    for (let i = 0; i < 8; i++) kernels.inputs[i] = train.inputs[sample * 8 + i] / 255;
    kernels.clamp(1);
    method.estimator.settleFreely(kernels, 'zeros', 1);
    return Array.from({ length: last }, (_layer, k) => [...kernels.readStates(FREE, k + 1)]);
  });
}

const looked = (method: Method, capacity: number) => {
  const kernels = built(method, capacity);
  return { kernels, found: diagnose(method, kernels, data('blobs', 40), undefined, kernels.readParameters()) };
};

describe('diagnose', () => {
  it('gives the norm of every parameter, and of how far it has moved', () => {
    fc.assert(
      fc.property(fc.double({ min: -2, max: 2, noNaN: true }), (by) => {
        const method = ep();
        const kernels = built(method, 16);
        const before = kernels.readParameters();
        const after = { ...before, weights: before.weights.map((values) => values.map((w, i) => w + by * (i % 3))) };
        kernels.writeParameters(after);
        const now = kernels.readParameters();
        const found = diagnose(method, kernels, data('blobs', 40), undefined, before);
        const norm = (values: ArrayLike<number>) => Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0));
        for (const k of [0, 1]) {
          const change = now.weights[k].map((w, i) => w - before.weights[k][i]);
          expect(found[`weight-norm/weights.${k}`]).toBeCloseTo(norm(now.weights[k]), 9);
          expect(found[`update-norm/weights.${k}`]).toBeCloseTo(norm(change), 9);
          expect(found[`weight-norm/biases.${k + 1}`]).toBe(norm(now.biases[k]));
          expect(found[`update-norm/biases.${k + 1}`]).toBe(0);
        }
      }),
      { numRuns: 10 },
    );
  });

  it('gives the distance between free and nudged states, over all units that settle', () => {
    const method = ep();
    const { kernels, found } = looked(method, 16);
    let square = 0;
    let count = 0;
    for (const layer of [1, 2]) {
      const free = kernels.readStates(FREE, layer);
      const nudged = kernels.readStates(1, layer);
      free.forEach((s, i) => {
        square += (nudged[i] - s) ** 2;
      });
      count += free.length;
    }
    expect(count).toBe(16 * 13);
    expect(found['free-to-nudged']).toBeCloseTo(Math.sqrt(square / count), 12);
    expect(found['free-to-nudged']).toBeGreaterThan(0);
  });

  it.each([
    {
      hidden: 'hard-sigmoid',
      output: 'hard-sigmoid',
      bounds: [
        [0, 1],
        [0, 1],
      ],
    },
    {
      hidden: 'tanh',
      output: 'logistic',
      bounds: [
        [-1, 1],
        [0, 1],
      ],
    },
    { hidden: 'logistic', output: 'identity', bounds: [[0, 1], undefined] },
  ] as const)(
    'counts saturation of $hidden and $output by the range of each layer, and units that nothing changes',
    ({ hidden, output, bounds }) => {
      const method = methodFrom(
        prototypicalEpRecipe({
          ...SETTINGS,
          network: chain(POINTS, [9], hidden, output),
          initialization: { ...glorot, gains: [6, 1] },
          ...{ stepSize: 0.5, nudge: 'inside', nudging: 'centred', beta: 0.3 },
        }),
      );
      const { found } = looked(method, 16);
      const states = restStates(method, 16);
      for (const layer of [1, 2]) {
        const all = states.map((layers) => layers[layer - 1]);
        const range = bounds[layer - 1];
        if (range === undefined) expect(found).not.toHaveProperty(`saturation/${layer}`);
        else {
          const edge = 0.01 * (range[1] - range[0]);
          const saturated = all.flat().filter((s) => s <= range[0] + edge || s >= range[1] - edge).length;
          expect(found[`saturation/${layer}`]).toBeCloseTo(saturated / all.flat().length, 12);
        }
        const dead = all[0].filter((s, unit) => all.every((sample) => sample[unit] === s)).length;
        expect(found[`dead-units/${layer}`]).toBe(dead / all[0].length);
      }
      if (hidden !== 'logistic') expect(found['saturation/1']).toBeGreaterThan(0);
    },
  );

  it('leaves the layer of a softmax read-out out, and goes by the hidden activation below it', () => {
    const method = ep({
      network: { ...chain(POINTS, [9], 'hard-sigmoid', 'identity'), readout: 'softmax-cross-entropy' },
    });
    const { found } = looked(method, 16);
    expect(Object.keys(found).filter((name) => /^(saturation|dead-units)/.test(name))).toEqual([
      'saturation/1',
      'dead-units/1',
    ]);
    const all = restStates(method, 16).flatMap(([layer]) => layer);
    expect(found['saturation/1']).toBeCloseTo(all.filter((s) => s <= 0.01 || s >= 0.99).length / all.length, 12);
  });

  it('finds every unit dead that the input does not reach', () => {
    const method = ep({ initialization: { ...glorot, gains: [1, 1] } });
    const kernels = built(method, 16);
    const parameters = kernels.readParameters();
    kernels.writeParameters({
      ...parameters,
      weights: [parameters.weights[0].map((w, i) => (i % 9 < 3 ? 0 : w)), parameters.weights[1].map(() => 0)],
    });
    const found = diagnose(method, kernels, data('blobs', 40), undefined, parameters);
    expect(found['dead-units/1']).toBeGreaterThanOrEqual(3 / 9);
    expect(found['dead-units/2']).toBe(1);
  });

  it('gives the bound on the step size of a gradient relaxation, and only of that', () => {
    const method = ep();
    const { kernels, found } = looked(method, 16);
    expect(found['step-size-bound']).toBe(stepSizeBound(method.model.network, kernels.readParameters()));
    for (const { method: other } of EVERY_RECIPE) {
      const bounded = ['energy-gradient', 'prediction-error'].includes(other.model.network.dynamics.kind);
      if (other.model.network.layers[0][1] === 1) expect('step-size-bound' in looked(other, 4).found).toBe(bounded);
    }
  });
});

describe('looking', () => {
  it.each(EVERY_RECIPE)('into a training by $recipe changes no bit of it', ({ method, on, preparation }) => {
    const options = { method, on, preparation, ...lastSet(method) };
    const looking = run({ ...options, diagnostics: { everyEpochs: 1, gradientCosine: true } });
    const blind = run(options);
    expect(isSameFile(lastFile(looking.events), lastFile(blind.events))).toBe(true);
    const without = epochMetrics(looking.events).map((metrics) => ({ ...metrics, diagnostics: {} }));
    expect(without).toEqual(epochMetrics(blind.events));
  });

  const lastSet = (method: Method): Partial<RunOptions> => {
    const set = setsFor(method).at(-1);
    return set === undefined ? {} : { kernelSet: set };
  };

  it.each(['momentum', 'adam'] as const)('changes nothing with %s and persistent states either', (kind) => {
    const rule =
      kind === 'momentum'
        ? { kind, momentum: 0.9 }
        : { kind, firstMomentDecay: 0.9, secondMomentDecay: 0.9, epsilon: 1e-8 };
    const method = ep({
      settling: settling(20, 8, { initialStates: 'persistent' }),
      optimizer: { ...SETTINGS.optimizer, rule },
    });
    const looking = run({ method, diagnostics: { everyEpochs: 1, gradientCosine: true } });
    expect(isSameFile(lastFile(looking.events), lastFile(run({ method }).events))).toBe(true);
  });

  it('happens after every so many epochs, and updates are counted from the look before', () => {
    const method = ep();
    const { events } = run({ method, epochs: 5, diagnostics: { everyEpochs: 2, gradientCosine: false } });
    const metrics = epochMetrics(events);
    expect(metrics.map(({ diagnostics }) => Object.keys(diagnostics).length > 0)).toEqual([
      false,
      true,
      false,
      true,
      false,
    ]);
    const weights = events.flatMap((event) =>
      event.kind === 'checkpoint' ? [decodeCheckpoint(event.file).parameters.weights[0]] : [],
    );
    const drawn = decodeCheckpoint(stoppedFile(run({ method, stopAfter: 0 }).outcome)).parameters.weights[0];
    const distance = (a: ArrayLike<number>, b: ArrayLike<number>) => Math.hypot(...Array.from(a, (x, i) => x - b[i]));
    expect(metrics[1].diagnostics['update-norm/weights.0']).toBeCloseTo(distance(weights[1], drawn), 12);
    expect(metrics[3].diagnostics['update-norm/weights.0']).toBeCloseTo(distance(weights[3], weights[1]), 12);
  });

  it('that was asked for but cut short by a stop is done when training goes on', () => {
    const options = { method: ep(), diagnostics: { everyEpochs: 1, gradientCosine: false }, epochs: 1 };
    const whole = run(options);
    // After the last batch: the stop falls into the evaluation.
    const stopped = run({ ...options, stopAfter: 3 });
    const rest = run({ ...options, resumeFrom: stoppedFile(stopped.outcome) });
    const [metrics] = epochMetrics(rest.events);
    const [expected] = epochMetrics(whole.events);
    expect(Object.keys(metrics.diagnostics)).toEqual(Object.keys(expected.diagnostics));
    expect(metrics.diagnostics['weight-norm/weights.0']).toBe(expected.diagnostics['weight-norm/weights.0']);
    // Counted from the resumption, as the file does not keep where the look before stood.
    expect(metrics.diagnostics['update-norm/weights.0']).toBe(0);
  });
});
