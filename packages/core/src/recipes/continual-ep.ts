/**
 * Recipe `continual-ep`: equilibrium propagation whose weights move at every nudged step.
 *
 * Ernoult et al. (2020), arXiv:2005.04168.
 *
 * Differs from the paper: see ../estimators/continual-equilibrium-propagation.ts.
 */
import type { MethodDescription, MethodSettings } from './method-description.ts';

export interface ContinualEpSettings extends MethodSettings {
  /** Fraction of the way to σ(drive) that a step goes, in (0, 1]. */
  readonly stepSize: number;
  /** Where the nudge acts; see ../models/prototypical.ts for the cost that each implies. */
  readonly nudge: 'inside' | 'outside';
  readonly nudging: 'one-sided' | 'random-sign';
  readonly beta: number;
}

export function continualEpRecipe(given: ContinualEpSettings): MethodDescription {
  const { stepSize, nudge, nudging, beta, ...settings } = given;
  return {
    recipe: 'continual-ep',
    ...settings,
    model: { kind: 'prototypical', stepSize, nudge },
    estimator: { kind: 'continual-equilibrium-propagation', nudging, beta },
  };
}
