/**
 * Recipe `prototypical-ep`: equilibrium propagation on the discrete-time network s ← σ(W s + b).
 *
 * Ernoult, Grollier, Querlioz, Bengio & Scellier, "Updates of equilibrium prop match gradients of backprop through time
 * in an RNN with static input", NeurIPS 2019, arXiv:1905.13633. With centred nudging: Laborieux et al., "Scaling
 * equilibrium propagation to deep ConvNets by drastically reducing its gradient estimator bias", Front. Neurosci. 15
 * (2021), doi:10.3389/fnins.2021.633674.
 *
 * Differs from the paper: nothing known.
 */
import type { Nudging } from '../estimators/equilibrium-propagation.ts';
import type { ActivationName } from '../kernels/kernel-set.ts';
import { type Method, methodFrom } from './method.ts';

export interface PrototypicalEpSettings {
  readonly layerSizes: readonly number[];
  readonly activation: ActivationName;
  /** Where the nudge acts; see ../models/prototypical.ts for the cost that each implies. */
  readonly nudge: 'inside' | 'outside';
  readonly nudging: Nudging;
  readonly freeSteps: number;
  readonly nudgedSteps: number;
  readonly learningRates: readonly number[];
}

export function prototypicalEpRecipe({ nudge, ...settings }: PrototypicalEpSettings): Method {
  return methodFrom({
    recipe: 'prototypical-ep',
    model: { kind: 'prototypical', nudge },
    initialization: 'fan-in-uniform',
    ...settings,
  });
}
