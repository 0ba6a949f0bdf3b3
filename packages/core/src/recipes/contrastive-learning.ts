/**
 * Recipe `contrastive-learning`: outputs held at the label against outputs that are free.
 *
 * Movellan, "Contrastive Hebbian learning in the continuous Hopfield model", Connectionist Models (1991); Baldi & Pineda,
 * Neural Computation 3 (1991), doi:10.1162/neco.1991.3.4.526.
 *
 * Differs from the paper: the network is the layered deep Hopfield energy; the held phase starts from the free state.
 */
import type { MethodDescription, MethodSettings } from './method-description.ts';

export interface ContrastiveLearningSettings extends MethodSettings {
  readonly stepSize: number;
}

export function contrastiveLearningRecipe(given: ContrastiveLearningSettings): MethodDescription {
  const { stepSize, ...settings } = given;
  return {
    recipe: 'contrastive-learning',
    ...settings,
    model: { kind: 'deep-hopfield', stepSize },
    estimator: { kind: 'held-outputs', nudging: 'one-sided', fraction: 1 },
  };
}
