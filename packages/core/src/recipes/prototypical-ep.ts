/**
 * Recipe `prototypical-ep`: equilibrium propagation on the discrete-time network s ← σ(W s + b).
 *
 * Ernoult, Grollier, Querlioz, Bengio & Scellier, "Updates of equilibrium prop match gradients of backprop through time
 * in an RNN with static input", NeurIPS 2019, arXiv:1905.13633. With centred nudging: Laborieux et al., "Scaling
 * equilibrium propagation to deep ConvNets by drastically reducing its gradient estimator bias", Front. Neurosci. 15
 * (2021), doi:10.3389/fnins.2021.633674.
 *
 * Differs from the paper: the authors' code nudges outside σ, inside is a choice here; a step size below 1 is an addition.
 */
import type { MethodDescription, MethodSettings } from './method-description.ts';

export interface PrototypicalEpSettings extends MethodSettings {
  /** Fraction of the way to σ(drive) that a step goes, in (0, 1]. */
  readonly stepSize: number;
  /** Where the nudge acts; see ../models/prototypical.ts for the cost that each implies. */
  readonly nudge: 'inside' | 'outside';
  readonly nudging: 'one-sided' | 'random-sign' | 'centred';
  readonly beta: number;
}

export function prototypicalEpRecipe(given: PrototypicalEpSettings): MethodDescription {
  const { stepSize, nudge, nudging, beta, ...settings } = given;
  return {
    recipe: 'prototypical-ep',
    ...settings,
    model: { kind: 'prototypical', stepSize, nudge },
    estimator: { kind: 'equilibrium-propagation', nudging, beta },
  };
}
