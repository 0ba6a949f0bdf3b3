/**
 * Recipe `ep`: equilibrium propagation on the deep Hopfield energy.
 *
 * Scellier & Bengio, "Equilibrium propagation: bridging the gap between energy-based models and backpropagation",
 * Front. Comput. Neurosci. 11:24 (2017), doi:10.3389/fncom.2017.00024.
 *
 * Differs from the paper: free phases start from zero states instead of a persistent state per sample, and the cost is
 * C = ½‖y − s‖², so a published β (for ‖y − s‖²) is half of ours.
 */
import type { Nudging } from '../estimators/equilibrium-propagation.ts';
import type { ActivationName } from '../kernels/kernel-set.ts';
import { type Method, methodFrom } from './method.ts';

export interface EpSettings {
  readonly layerSizes: readonly number[];
  readonly activation: ActivationName;
  readonly stepSize: number;
  readonly nudging: Nudging;
  readonly freeSteps: number;
  readonly nudgedSteps: number;
  readonly learningRates: readonly number[];
}

export function epRecipe({ stepSize, ...settings }: EpSettings): Method {
  return methodFrom({
    recipe: 'ep',
    model: { kind: 'deep-hopfield', stepSize },
    initialization: 'glorot-uniform',
    ...settings,
  });
}
