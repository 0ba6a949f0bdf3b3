import { RECIPE_NAMES, validateJob } from '@settle/contracts';
import { sessionBytes, wasmKernels } from '@settle/core';
import { describe, expect, it } from 'vitest';
import { methodOf } from './recipes.ts';

describe('methodOf', () => {
  it.each(RECIPE_NAMES)('builds %s from the defaults that a job gets', (recipe) => {
    const validation = validateJob({ recipe, dataset: { name: 'mnist' } }, 'unchecked');
    if (validation.kind === 'invalid') throw new Error(JSON.stringify(validation.faults));
    const { spec } = validation;
    const method = methodOf(spec);
    expect(method.description).toMatchObject({
      recipe,
      layerSizes: spec.network.layers,
      learningRates: spec.training.learning_rates,
      nudging: { kind: spec.settling.nudging, beta: spec.settling.beta },
      freeSteps: spec.settling.free_steps,
      nudgedSteps: spec.settling.nudged_steps,
    });
    expect(sessionBytes(method, wasmKernels, spec.training.batch_size)).toBeLessThan(32_000_000);
  });

  it('builds every network that the contract lets through, and predicts its memory below 4 GiB', () => {
    // The largest batch and the most weights that validation allows.
    for (const [layers, batchSize] of [
      [[784, 7_000, 8_000, 10], 1_000],
      [[784, 100, 10], 17_000],
      [[1_000_000, 60, 10], 15],
    ] as const) {
      const body = {
        recipe: 'ep',
        dataset: { name: 'x' },
        network: { layers },
        training: { batch_size: batchSize, learning_rates: layers.slice(1).map(() => 0.1) },
      };
      const validation = validateJob(body, 'unchecked');
      if (validation.kind === 'invalid') throw new Error(JSON.stringify(validation.faults));
      expect(sessionBytes(methodOf(validation.spec), wasmKernels, batchSize)).toBeLessThan(2 ** 32);
    }
  });
});
