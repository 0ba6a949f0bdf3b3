/**
 * Recipe `binary-ep`: equilibrium propagation with binary weights ±α that flip when their momentum asks for it.
 *
 * Laydevant, Ernoult, Querlioz & Grollier, "Training dynamical binary neural networks with equilibrium propagation", CVPR
 * workshops 2021, arXiv:2103.08953.
 *
 * Differs from the paper: α stays as drawn; activations are not binary.
 */
import type { MethodDescription, MethodSettings } from './method-description.ts';

export interface BinaryEpSettings extends MethodSettings {
  readonly stepSize: number;
  readonly nudging: 'one-sided' | 'random-sign' | 'centred';
  readonly beta: number;
}

export function binaryEpRecipe({ stepSize, nudging, beta, ...settings }: BinaryEpSettings): MethodDescription {
  return {
    recipe: 'binary-ep',
    ...settings,
    model: { kind: 'deep-hopfield', stepSize },
    estimator: { kind: 'equilibrium-propagation', nudging, beta },
    initialization: { ...settings.initialization, binary: true },
  };
}
