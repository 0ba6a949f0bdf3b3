/**
 * Nesterov's momentum: the newest gradient once more ahead of the sum.
 *
 *   m ← μ m + ĝ,      θ ← θ − rate · (ĝ + μ m)
 *
 * Sutskever, Martens, Dahl & Hinton, "On the importance of initialization and momentum in deep learning" (ICML 2013), in
 * PyTorch's convention: θ is the point looked ahead to, where the gradient is taken.
 */
import { type ElementwiseRule, followed } from './elementwise.ts';
import { checkField } from './field-ranges.ts';
import type { MomentumRule } from './optimizer-description.ts';

export function nesterov({ momentum }: MomentumRule<'nesterov'>): ElementwiseRule {
  checkField('rule.momentum', momentum, 'in [0, 1)');
  return {
    memories: 1,
    move({ values, buffers: [sums, memory] }, { rate, scale, limit, decay }) {
      for (let i = 0; i < values.length; i++) {
        const gradient = followed(sums[i], values[i], scale, limit, decay);
        memory[i] = momentum * memory[i] + gradient;
        values[i] -= rate * (gradient + momentum * memory[i]);
      }
    },
  };
}
