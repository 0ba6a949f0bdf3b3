/**
 * Recipe `convolutional-ep`: equilibrium propagation on convolutional networks of clipped units.
 *
 *    s_k ← σ(∂Φ/∂s_k),   Φ = Σ ⟨s_to, P(W ∗ s_from)⟩ + …,   nudge inside σ
 *
 * Laborieux et al., Front. Neurosci. 15 (2021), doi:10.3389/fnins.2021.633674 (softmax read-out, max pooling). Scellier,
 * Ernoult, Kendall & Kumar, "Energy-based learning algorithms for analog computing: a comparative study", NeurIPS 2023,
 * arXiv:2312.15103 (linear outputs, even-odd sweeps).
 *
 * Differs from the paper: 64-bit or 32-bit numbers where the 2023 paper has 16.
 */
import type { MethodDescription, MethodSettings } from './method-description.ts';

export interface ConvolutionalEpSettings extends MethodSettings {
  readonly nudging: 'one-sided' | 'random-sign' | 'centred';
  readonly beta: number;
}

export function convolutionalEpRecipe({ nudging, beta, ...settings }: ConvolutionalEpSettings): MethodDescription {
  return {
    recipe: 'convolutional-ep',
    ...settings,
    model: { kind: 'prototypical', stepSize: 1, nudge: 'inside' },
    estimator: { kind: 'equilibrium-propagation', nudging, beta },
  };
}
