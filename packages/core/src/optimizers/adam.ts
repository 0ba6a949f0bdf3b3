/**
 * Adam: every entry at a rate of its own, by the first two moments of its gradients.
 *
 *   m ← d₁ m + (1 − d₁) ĝ,      v ← d₂ v + (1 − d₂) ĝ²
 *   θ ← θ − rate · m / (1 − d₁ⁿ) / (√(v / (1 − d₂ⁿ)) + ε)      at the n-th update
 *
 * Kingma & Ba, "Adam: a method for stochastic optimization" (ICLR 2015). d₁ and d₂ are `firstMomentDecay` and
 * `secondMomentDecay`. Weight decay is part of ĝ and hence of both moments, as in PyTorch's Adam and unlike in AdamW.
 */
import { type ElementwiseRule, followed } from './elementwise.ts';
import { checkField } from './field-ranges.ts';
import type { AdamRule } from './optimizer-description.ts';

export function adam({ firstMomentDecay, secondMomentDecay, epsilon }: AdamRule): ElementwiseRule {
  checkField('rule.firstMomentDecay', firstMomentDecay, 'in [0, 1)');
  checkField('rule.secondMomentDecay', secondMomentDecay, 'in [0, 1)');
  checkField('rule.epsilon', epsilon, 'finite and > 0');
  return {
    memories: 2,
    move({ values, buffers: [sums, first, second] }, { rate, scale, limit, decay, count }) {
      const corrected = rate / (1 - firstMomentDecay ** count);
      const root = Math.sqrt(1 - secondMomentDecay ** count);
      for (let i = 0; i < values.length; i++) {
        const gradient = followed(sums[i], values[i], scale, limit, decay);
        first[i] = firstMomentDecay * first[i] + (1 - firstMomentDecay) * gradient;
        second[i] = secondMomentDecay * second[i] + (1 - secondMomentDecay) * gradient * gradient;
        values[i] -= (corrected * first[i]) / (Math.sqrt(second[i]) / root + epsilon);
      }
    },
  };
}
