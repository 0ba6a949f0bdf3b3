/**
 * Recipe `holomorphic-ep`: equilibrium propagation with nudging around a circle in the complex plane.
 *
 * Laborieux & Zenke, NeurIPS 2022, arXiv:2209.00530.
 *
 * Differs from the paper: see ../estimators/holomorphic-equilibrium-propagation.ts.
 */
import type { MethodDescription, MethodSettings } from './method-description.ts';

export interface HolomorphicEpSettings extends MethodSettings {
  /** Radius of the circle. */
  readonly beta: number;
  /** N, a whole number >= 2. */
  readonly points: number;
}

export function holomorphicEpRecipe({ beta, points, ...settings }: HolomorphicEpSettings): MethodDescription {
  return {
    recipe: 'holomorphic-ep',
    ...settings,
    model: { kind: 'prototypical', stepSize: 1, nudge: 'inside' },
    estimator: { kind: 'holomorphic-equilibrium-propagation', beta, points },
  };
}
