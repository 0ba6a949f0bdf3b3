/**
 * Recipe `ep`: equilibrium propagation on the deep Hopfield energy.
 *
 * Scellier & Bengio, "Equilibrium propagation: bridging the gap between energy-based models and backpropagation",
 * Front. Comput. Neurosci. 11:24 (2017), doi:10.3389/fncom.2017.00024.
 *
 * Differs from the paper: the cost is C = ½‖y − s‖², so a published β (for ‖y − s‖²) is half of ours; free phases start
 * from zeros unless `initialStates` is `persistent`, as it is in the paper.
 */
import type { MethodDescription, MethodSettings } from './method-description.ts';

export interface EpSettings extends MethodSettings {
  /** ε of the relaxation, in (0, 1]. */
  readonly stepSize: number;
  readonly nudging: 'one-sided' | 'random-sign' | 'centred';
  readonly beta: number;
}

export function epRecipe({ stepSize, nudging, beta, ...settings }: EpSettings): MethodDescription {
  return {
    recipe: 'ep',
    ...settings,
    model: { kind: 'deep-hopfield', stepSize },
    estimator: { kind: 'equilibrium-propagation', nudging, beta },
  };
}
