/**
 * Recipe `feedback-alignment`: backpropagation through fixed random weights.
 *
 * Lillicrap, Cownden, Tweed & Akerman, Nat. Commun. 7, 13276 (2016), doi:10.1038/ncomms13276.
 *
 * Differs from the paper: with a softmax read-out, errors leave it through its own weights.
 */
import type { MethodDescription, MethodSettings } from './method-description.ts';
import { sweptUpwards } from './swept-upwards.ts';

export function feedbackAlignmentRecipe(settings: MethodSettings): MethodDescription {
  return {
    recipe: 'feedback-alignment',
    ...sweptUpwards(settings),
    network: { ...settings.network, feedback: 'separate' },
    model: { kind: 'prototypical', stepSize: 1, nudge: 'inside' },
    estimator: { kind: 'feedback-alignment' },
  };
}
