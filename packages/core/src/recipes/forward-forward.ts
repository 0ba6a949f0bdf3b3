/**
 * Recipe `forward-forward`: layers that learn to tell right labels from wrong ones, each by itself.
 *
 * Hinton (2022), arXiv:2212.13345.
 *
 * Differs from the paper: see ../models/goodness-network.ts and ../estimators/forward-forward.ts.
 */
import type { MethodDescription, MethodSettings } from './method-description.ts';
import { sweptUpwards } from './swept-upwards.ts';

export interface ForwardForwardSettings extends MethodSettings {
  /** Mean square of a layer's states above which a sample counts as real. */
  readonly threshold: number;
}

export function forwardForwardRecipe({ threshold, ...settings }: ForwardForwardSettings): MethodDescription {
  return {
    recipe: 'forward-forward',
    ...sweptUpwards(settings),
    network: { ...settings.network, readout: 'softmax-cross-entropy' },
    model: { kind: 'goodness', threshold },
    estimator: { kind: 'forward-forward' },
  };
}
