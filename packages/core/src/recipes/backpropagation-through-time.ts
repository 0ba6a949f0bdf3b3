/**
 * Recipe `backpropagation-through-time`: the discrete-time network trained by its exact unrolled gradient.
 *
 * The baseline of Ernoult et al., NeurIPS 2019, arXiv:1905.13633. K, the steps that are differentiated, is `nudgedSteps`.
 */
import type { MethodDescription, MethodSettings } from './method-description.ts';

export interface BackpropagationThroughTimeSettings extends MethodSettings {
  readonly stepSize: number;
}

export function backpropagationThroughTimeRecipe(given: BackpropagationThroughTimeSettings): MethodDescription {
  const { stepSize, ...settings } = given;
  return {
    recipe: 'backpropagation-through-time',
    ...settings,
    model: { kind: 'prototypical', stepSize, nudge: 'inside' },
    estimator: { kind: 'backpropagation-through-time' },
  };
}
