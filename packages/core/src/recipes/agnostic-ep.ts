/**
 * Recipe `agnostic-ep`: equilibrium propagation in which parameters settle too, held by controls.
 *
 * Scellier, Mishra, Bengio & Ollivier (2022), arXiv:2205.15021.
 *
 * Differs from the paper: the network is the deep Hopfield energy with any range of activation for all layers; see also
 * ../estimators/agnostic-equilibrium-propagation.ts.
 */
import type { MethodDescription, MethodSettings } from './method-description.ts';

export interface AgnosticEpSettings extends MethodSettings {
  /** ε of the relaxation of states, in (0, 1]. */
  readonly stepSize: number;
  readonly nudging: 'optimistic' | 'pessimistic' | 'centred';
  readonly beta: number;
  readonly parameterIterations: number;
}

export function agnosticEpRecipe(given: AgnosticEpSettings): MethodDescription {
  const { stepSize, nudging, beta, parameterIterations, ...settings } = given;
  return {
    recipe: 'agnostic-ep',
    ...settings,
    model: { kind: 'deep-hopfield', stepSize },
    estimator: { kind: 'agnostic-equilibrium-propagation', nudging, beta, parameterIterations },
  };
}
