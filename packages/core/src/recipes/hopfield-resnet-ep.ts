/**
 * Recipe `hopfield-resnet-ep`: centred equilibrium propagation on deep networks of clipped rectifiers with skips.
 *
 * Sankar Vinayak & Srinivasan, "Scaling equilibrium propagation to deeper neural network architectures" (2025),
 * arXiv:2509.26003: strided convolutions, a 1 × 1 skip over each block, linear outputs.
 *
 * Differs from the paper: layers, widths and skips are the job's; even-odd sweeps move two layers that a skip joins at once.
 */
import type { MethodDescription, MethodSettings } from './method-description.ts';

export interface HopfieldResnetEpSettings extends MethodSettings {
  readonly beta: number;
}

export function hopfieldResnetEpRecipe({ beta, ...settings }: HopfieldResnetEpSettings): MethodDescription {
  return {
    recipe: 'hopfield-resnet-ep',
    ...settings,
    model: { kind: 'prototypical', stepSize: 1, nudge: 'inside' },
    estimator: { kind: 'equilibrium-propagation', nudging: 'centred', beta },
  };
}
