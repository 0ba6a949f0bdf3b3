/**
 * Recipe `predictive-coding`: layers predict each other; outputs are held at the label while errors settle.
 *
 * Whittington & Bogacz, Neural Computation 29 (2017), doi:10.1162/NECO_a_00949.
 *
 * Differs from the paper: see ../models/predictive-coding.ts.
 */
import type { MethodDescription, MethodSettings } from './method-description.ts';

export interface PredictiveCodingSettings extends MethodSettings {
  /** ε of the relaxation, in (0, 1]. */
  readonly stepSize: number;
}

export function predictiveCodingRecipe({ stepSize, ...settings }: PredictiveCodingSettings): MethodDescription {
  return {
    recipe: 'predictive-coding',
    ...settings,
    settling: { ...settings.settling, freeSchedule: 'feed-forward' },
    model: { kind: 'predictive-coding', stepSize },
    estimator: { kind: 'held-outputs', nudging: 'one-sided', fraction: 1 },
  };
}
