/**
 * Recipe `backpropagation`: the same layers swept once upwards, trained by backpropagation.
 *
 * Rumelhart, Hinton & Williams, Nature 323 (1986), doi:10.1038/323533a0.
 */
import type { MethodDescription, MethodSettings } from './method-description.ts';
import { sweptUpwards } from './swept-upwards.ts';

export function backpropagationRecipe(settings: MethodSettings): MethodDescription {
  return {
    recipe: 'backpropagation',
    ...sweptUpwards(settings),
    network: { ...settings.network, feedback: 'symmetric' },
    model: { kind: 'prototypical', stepSize: 1, nudge: 'inside' },
    estimator: { kind: 'backpropagation' },
  };
}
