/**
 * Recipe `coupled-learning`: outputs held a little nearer to the label, instead of nudged.
 *
 * Stern, Hexner, Rocks & Liu, Phys. Rev. X 11, 021045 (2021), doi:10.1103/PhysRevX.11.021045.
 *
 * Differs from the paper: the network is the deep Hopfield energy instead of a flow or resistor network.
 */
import type { MethodDescription, MethodSettings } from './method-description.ts';

export interface CoupledLearningSettings extends MethodSettings {
  readonly stepSize: number;
  readonly nudging: 'one-sided' | 'centred';
  /** Share of the error that is taken away, in (0, 1]. */
  readonly fraction: number;
}

export function coupledLearningRecipe(given: CoupledLearningSettings): MethodDescription {
  const { stepSize, nudging, fraction, ...settings } = given;
  return {
    recipe: 'coupled-learning',
    ...settings,
    model: { kind: 'deep-hopfield', stepSize },
    estimator: { kind: 'held-outputs', nudging, fraction },
  };
}
