/**
 * Gradient descent.
 *
 *   θ ← θ − rate · ĝ
 *
 * Layers nearer the input usually need larger rates, because the error signal shrinks on its way down (Scellier & Bengio
 * 2017). Where nothing but the mean over the batch is to be followed, a contrast of states moves the parameters in the same
 * kernel call that computes it, and no gradient is ever stored.
 */
import { type ElementwiseRule, elementwise, followed } from './elementwise.ts';
import type { Optimizer } from './optimizer.ts';
import type { OptimizerDescription } from './optimizer-description.ts';
import { baseRate, checkOptimizerFits } from './parameter-rates.ts';
import { rateFactor } from './schedule.ts';

export const gradientDescent: ElementwiseRule = {
  memories: 0,
  move({ values, buffers: [sums] }, { rate, scale, limit, decay }) {
    for (let i = 0; i < values.length; i++) {
      values[i] -= rate * followed(sums[i], values[i], scale, limit, decay);
    }
  },
};

/** Whether a description asks for nothing that needs the gradient itself. */
export function movesAtOnce({ rule, weightDecay, clipping }: OptimizerDescription): boolean {
  return rule.kind === 'gradient-descent' && weightDecay === 0 && clipping.kind === 'none';
}

/** Gradient descent without weight decay and clipping. Gradients that exist already are followed entry by entry. */
export function fusedGradientDescent(description: OptimizerDescription, accumulates: boolean): Optimizer {
  const { learningRates, schedule } = description;
  const stored = elementwise(gradientDescent, description);
  return {
    name: stored.name,
    parameterBuffers: accumulates ? stored.parameterBuffers : 0,
    update(kernels, gradient, context) {
      if (gradient.kind === 'accumulated') {
        stored.update(kernels, gradient, context);
        return;
      }
      checkOptimizerFits(description, kernels.network);
      const perRate = -rateFactor(schedule, context.epochs) / context.samples;
      kernels.addToParameters(
        gradient.contrast,
        kernels.parameters.map((tensor) => baseRate(learningRates, tensor) * perRate),
      );
    },
  };
}
