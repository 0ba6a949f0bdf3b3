/**
 * Plain stochastic gradient descent with one rate per weight matrix.
 *
 *   θ_k ← θ_k − (rate_k / batch) · Σ_samples ĝ_k
 *
 * Layers nearer the input usually need larger rates, because the error signal shrinks on its way down (Scellier & Bengio
 * 2017). The update is one kernel call: the scaled contrast is added to the weights as it is computed.
 */
import type { Contrast } from '../estimators/gradient-estimator.ts';
import type { NetworkKernels } from '../kernels/kernel-set.ts';

export interface Optimizer {
  readonly name: string;
  /** Moves the parameters against the gradient that `contrast` stands for, averaged over `samples`. */
  update(kernels: NetworkKernels, contrast: Contrast, samples: number): void;
}

/** `learningRates` input layer first, one per weight matrix; biases above a matrix move at its rate. */
export function stochasticGradientDescent(learningRates: readonly number[]): Optimizer {
  for (const rate of learningRates) {
    if (!(rate >= 0 && Number.isFinite(rate)))
      throw new RangeError(`a learning rate is a finite number >= 0, got ${rate}`);
  }
  return {
    name: 'stochastic-gradient-descent',
    update(kernels, { lower, upper, betaSeparation }, samples) {
      const scales = learningRates.map((rate) => rate / (betaSeparation * samples));
      kernels.addContrast(lower, upper, scales, scales);
    },
  };
}
