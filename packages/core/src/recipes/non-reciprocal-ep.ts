/**
 * Recipe `non-reciprocal-ep`: equilibrium propagation with separate weights upwards and downwards.
 *
 * Scurria et al. (2026); see ../estimators/non-reciprocal-equilibrium-propagation.ts for what is derived.
 *
 * Differs from the paper: its experiments could not be read; the network is the discrete-time one.
 */
import type { MethodDescription, MethodSettings } from './method-description.ts';

export interface NonReciprocalEpSettings extends MethodSettings {
  readonly stepSize: number;
  readonly beta: number;
}

export function nonReciprocalEpRecipe({ stepSize, beta, ...settings }: NonReciprocalEpSettings): MethodDescription {
  return {
    recipe: 'non-reciprocal-ep',
    ...settings,
    network: { ...settings.network, feedback: 'separate' },
    model: { kind: 'prototypical', stepSize, nudge: 'outside' },
    estimator: { kind: 'non-reciprocal-equilibrium-propagation', beta },
  };
}
