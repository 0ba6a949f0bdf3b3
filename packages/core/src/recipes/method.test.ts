/** What a method refuses to be built from, and what it asks of kernels and memory. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { featuresOf } from '../kernels/features.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { wasmKernels } from '../kernels/wasm/wasm-kernels.ts';
import { chooseKernels, methodFrom, workspaceOf } from './method.ts';
import type { MethodDescription } from './method-description.ts';
import { descent, EVERY_RECIPE, settling } from './testing/every-recipe.ts';

function descriptionOf(recipe: string): MethodDescription {
  const found = EVERY_RECIPE.find((one) => one.recipe === recipe);
  if (found === undefined) throw new Error(`no recipe ${recipe}`);
  return found.method.description;
}

const EP = descriptionOf('ep');

describe('methodFrom', () => {
  it.each(EVERY_RECIPE)('rebuilds $recipe from its own description, as the same text', ({ method }) => {
    const text = JSON.stringify(method.description);
    expect(JSON.stringify(methodFrom(method.description).description)).toBe(text);
    expect(JSON.stringify(methodFrom(JSON.parse(text)).description)).toBe(text);
  });

  it.each<{ readonly fault: string; readonly change: Partial<MethodDescription>; readonly message: string }>([
    {
      fault: 'beta 0',
      change: { estimator: { kind: 'equilibrium-propagation', nudging: 'centred', beta: 0 } },
      message: 'beta',
    },
    {
      fault: 'an infinite beta',
      change: { estimator: { kind: 'equilibrium-propagation', nudging: 'centred', beta: Number.POSITIVE_INFINITY } },
      message: 'beta',
    },
    { fault: 'no free step', change: { settling: settling(0, 4) }, message: 'steps' },
    { fault: 'half a step', change: { settling: settling(4, 1.5) }, message: 'steps' },
    {
      fault: 'a tolerance beyond β / 100',
      change: { settling: settling(4, 4, { tolerance: 0.01 }) },
      message: 'tolerance',
    },
    {
      fault: 'nudged phases that sweep',
      change: { settling: settling(4, 4, { schedule: 'feed-forward' }) },
      message: 'feed-forward',
    },
    { fault: 'a step size of 2', change: { model: { kind: 'deep-hopfield', stepSize: 2 } }, message: 'step size' },
    { fault: 'no layer', change: { network: { ...EP.network, layers: [] } }, message: 'input and an output' },
    { fault: 'a layer of nothing', change: { network: { ...EP.network, layers: [0, 4] } }, message: 'units' },
    { fault: 'too few rates', change: { optimizer: descent([0.1]) }, message: 'learningRates.weights: 2 connections' },
    {
      fault: 'too many rates of biases',
      change: { optimizer: descent([0.1, 0.1], [0.1, 0.1, 0.1]) },
      message: 'learningRates.biases: 2 layers',
    },
    {
      fault: 'rates for feedback that there is not',
      change: {
        optimizer: { ...EP.optimizer, learningRates: { ...EP.optimizer.learningRates, feedback: [0.1, 0.1] } },
      },
      message: 'learningRates.feedback',
    },
    {
      fault: 'a rate that is no number',
      change: { optimizer: descent([0.1, Number.NaN]) },
      message: 'learningRates.weights[1]',
    },
    { fault: 'a negative rate', change: { optimizer: descent([0.1, -0.1]) }, message: 'learningRates.weights[1]' },
    {
      fault: 'an activation without continuation under complex nudging',
      change: {
        model: { kind: 'prototypical', stepSize: 1, nudge: 'inside' },
        estimator: { kind: 'holomorphic-equilibrium-propagation', beta: 0.5, points: 4 },
      },
      message: 'lacks "holomorphic"',
    },
    {
      fault: 'an energy model under complex nudging',
      change: { estimator: { kind: 'holomorphic-equilibrium-propagation', beta: 0.5, points: 4 } },
      message: 'lacks "holomorphic"',
    },
    {
      fault: 'feedback of its own without an energy',
      change: { network: { ...EP.network, feedback: 'separate' } },
      message: 'lacks "energy"',
    },
    {
      fault: 'held outputs that do not settle',
      change: {
        network: { ...EP.network, layers: [6, 5, 4], readout: 'softmax-cross-entropy' },
        optimizer: descent([0.1, 0.1, 0.1]),
        estimator: { kind: 'held-outputs', nudging: 'one-sided', fraction: 1 },
      },
      message: 'lacks "output-units"',
    },
    {
      fault: 'a sweep of what settles',
      change: { estimator: { kind: 'backpropagation' } },
      message: 'lacks "upward-sweep"',
    },
    {
      fault: 'goodness that is not there',
      change: { estimator: { kind: 'forward-forward' } },
      message: 'lacks "goodness"',
    },
    {
      fault: 'a free sweep on an energy that it does not settle',
      change: { settling: settling(4, 4, { freeSchedule: 'feed-forward' }) },
      message: 'lacks "prediction-error"',
    },
    {
      fault: 'as many differentiated steps as there are',
      change: { estimator: { kind: 'backpropagation-through-time' }, settling: settling(4, 4) },
      message: 'differentiated',
    },
  ])('refuses $fault, and says so', ({ change, message }) => {
    expect(() => methodFrom({ ...EP, ...change })).toThrow(RangeError);
    expect(() => methodFrom({ ...EP, ...change })).toThrow(message);
  });

  it('names every missing property, not only the first', () => {
    const without = {
      ...descriptionOf('backpropagation'),
      estimator: { kind: 'non-reciprocal-equilibrium-propagation', beta: 0.1 },
    } as const;
    const many = {
      ...EP,
      network: { ...EP.network, layers: [6, 5, 4], readout: 'softmax-cross-entropy', feedback: 'separate' },
      estimator: { kind: 'held-outputs', nudging: 'one-sided', fraction: 1 },
    } as const;
    expect(() => methodFrom({ ...without, settling: settling(4, 4) })).toThrow('lacks "separate-feedback"');
    expect(() => methodFrom(many)).toThrow('lacks "energy"');
    expect(() => methodFrom(many)).toThrow('lacks "output-units"');
  });
});

describe('what a method takes', () => {
  it('is a slot more where states are carried, behind those of the estimator', () => {
    for (const { method } of EVERY_RECIPE) {
      expect(workspaceOf(method, 7)).toMatchObject({ batchCapacity: 7, slots: method.estimator.slots });
    }
    for (const initialStates of ['persistent', 'previous-batch'] as const) {
      const carrying = methodFrom({ ...EP, settling: { ...EP.settling, initialStates } });
      expect(workspaceOf(carrying, 7).slots).toBe(carrying.estimator.slots + 1);
    }
  });

  it('decides which kernels run it: the first set that lacks nothing', () => {
    const sets = [wasmKernels, referenceKernels];
    fc.assert(
      fc.property(fc.constantFrom(...EVERY_RECIPE), ({ method }) => {
        const chosen = chooseKernels(method, sets);
        const lacks = wasmKernels.missing(method.model.network, method.estimator.needs.kernels);
        expect(chosen).toBe(lacks.length === 0 ? wasmKernels : referenceKernels);
        for (const feature of lacks)
          expect([...featuresOf(method.model.network), ...method.estimator.needs.kernels]).toContain(feature);
        expect(referenceKernels.missing(method.model.network, method.estimator.needs.kernels)).toEqual([]);
      }),
    );
  });

  it('is named where no set has it', () => {
    const { method } = EVERY_RECIPE.find(({ recipe }) => recipe === 'binary-ep') ?? EVERY_RECIPE[0];
    const lacks = wasmKernels.missing(method.model.network, method.estimator.needs.kernels);
    if (lacks.length > 0) expect(() => chooseKernels(method, [wasmKernels])).toThrow(lacks.join(', '));
    expect(() => chooseKernels(method, [])).toThrow(RangeError);
  });
});
