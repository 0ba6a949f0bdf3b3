/**
 * The contract of a model: a network, the energy whose critical points are its rest states, and what it can do.
 *
 * Everything here is float64, one sample at a time, and written apart from the kernels, so that the two check each other:
 * kernels' gradients against finite differences of `energy`, their rest states against its slopes. `states[0]` is the
 * clamped input, `states[k]` the states of layer k, [units k].
 */
import type { ParameterValues } from '../kernels/kernel-set.ts';
import type { NetworkDescription } from '../kernels/network.ts';

/** What an estimator may need of a model. */
export type ModelProperty =
  /** Couplings are symmetric: rest states are critical points of an energy, ∂E/∂θ is local. */
  | 'energy'
  /** The nudge of the outputs is the slope of a cost. */
  | 'cost'
  /** Dynamics and cost continue into the complex plane. */
  | 'holomorphic'
  /** The outputs settle with the rest, so that they can be held. */
  | 'output-units'
  /** One upward sweep is a network of its own. */
  | 'upward-sweep'
  /** A relaxation step can be differentiated. */
  | 'differentiable-step'
  /** Units drive those below through weights of their own. */
  | 'separate-feedback'
  /** An upward sweep leaves no energy behind, and holding the outputs then settles to the errors' minimum. */
  | 'prediction-error'
  /** Layers have a goodness of their own. */
  | 'goodness';

export interface LayeredModel {
  readonly name: string;
  /** What a kernel set needs to run this model. */
  readonly network: NetworkDescription;
  readonly properties: ReadonlySet<ModelProperty>;
  /** E(θ, s). Throws RangeError where there is none. */
  energy(parameters: ParameterValues, states: readonly Float64Array[]): number;
  /** The cost C(s) that nudging follows, at `labels` [classes]. Throws RangeError where it has no closed form. */
  cost(parameters: ParameterValues, states: readonly Float64Array[], labels: ArrayLike<number>): number;
}
