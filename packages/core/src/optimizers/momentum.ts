/**
 * Momentum: descent along a decaying sum of gradients.
 *
 *   m ← μ m + ĝ,      θ ← θ − rate · m
 *
 * Polyak, "Some methods of speeding up the convergence of iteration methods" (1964), in PyTorch's convention: the rate
 * stands outside the sum, so that a schedule acts on past gradients too.
 */
import { type ElementwiseRule, followed } from './elementwise.ts';
import { checkField } from './field-ranges.ts';
import type { MomentumRule } from './optimizer-description.ts';

export function momentum({ momentum }: MomentumRule<'momentum'>): ElementwiseRule {
  checkField('rule.momentum', momentum, 'in [0, 1)');
  return {
    memories: 1,
    move({ values, buffers: [sums, memory] }, { rate, scale, limit, decay }) {
      for (let i = 0; i < values.length; i++) {
        memory[i] = momentum * memory[i] + followed(sums[i], values[i], scale, limit, decay);
        values[i] -= rate * memory[i];
      }
    },
  };
}
