/**
 * How a rule that looks at one entry of a parameter at a time becomes an optimizer.
 *
 *   ĝ = clip(Σ / samples) + decay · θ      decay = 0 for biases
 *   rule:  θ, memory ← f(θ, memory, ĝ, rate · factor(epochs))
 *
 * Weight decay is L2 and enters like any other gradient, after clipping: the convention of PyTorch's SGD and Adam. Zeros
 * that pad a tensor have zero gradients and hence ĝ = 0; every rule here leaves an entry at zero whose ĝ always was.
 */
import type { ParameterTensor } from '../kernels/kernel-set.ts';
import { type ClippedMean, clippedMean } from './clipping.ts';
import { checkField } from './field-ranges.ts';
import type { Optimizer } from './optimizer.ts';
import type { OptimizerDescription } from './optimizer-description.ts';
import { baseRate, baseRates, checkOptimizerFits } from './parameter-rates.ts';
import { rateFactor } from './schedule.ts';

export interface ElementwiseRule {
  /** Buffers behind the gradients in which it remembers; they start at zero. */
  readonly memories: number;
  /** Moves one tensor along the gradients of its buffer 0, read through `followed`. */
  move(tensor: ParameterTensor, step: Step): void;
}

/** One update of one tensor. */
export interface Step extends ClippedMean {
  readonly rate: number;
  readonly decay: number;
  /** This update's number, from 1. */
  readonly count: number;
}

/**
 * ĝ, from an entry of the sum over the batch and the parameter that it belongs to. It takes a step's numbers one by one, so
 * that rules read them before their loop: read inside it, they cost several times what the arithmetic does.
 */
export function followed(sum: number, value: number, scale: number, limit: number, decay: number): number {
  return Math.min(Math.max(scale * sum, -limit), limit) + decay * value;
}

export function elementwise(rule: ElementwiseRule, description: OptimizerDescription): Optimizer {
  const { weightDecay, schedule, clipping } = description;
  checkField('weightDecay', weightDecay, 'finite and >= 0');
  const rates = baseRates(description);
  return {
    name: description.rule.kind,
    parameterBuffers: 1 + rule.memories,
    update(kernels, gradient, { samples, updates, epochs }) {
      checkOptimizerFits(description, kernels.network);
      if (gradient.kind === 'contrast') kernels.addToGradients(gradient.contrast);
      const learning = kernels.parameters.filter((tensor) => baseRate(rates, tensor) !== 0);
      const mean = clippedMean(clipping, learning, samples);
      const factor = rateFactor(schedule, epochs);
      for (const tensor of learning) {
        const decay = tensor.kind === 'biases' ? 0 : weightDecay;
        rule.move(tensor, { ...mean, rate: baseRate(rates, tensor) * factor, decay, count: updates + 1 });
      }
      for (const { buffers } of kernels.parameters) buffers[0].fill(0);
    },
  };
}
