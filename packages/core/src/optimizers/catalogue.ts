/** Builds the optimizer that a description asks for. A further rule is a file beside this one and a line in `ruleFrom`. */
import { adam } from './adam.ts';
import { binaryFlip } from './binary-flip.ts';
import { checkClipping } from './clipping.ts';
import { type ElementwiseRule, elementwise } from './elementwise.ts';
import { fusedGradientDescent, gradientDescent, movesAtOnce } from './gradient-descent.ts';
import { momentum } from './momentum.ts';
import { nesterov } from './nesterov.ts';
import type { Optimizer } from './optimizer.ts';
import type { OptimizerDescription } from './optimizer-description.ts';
import { checkRates } from './parameter-rates.ts';
import { checkSchedule } from './schedule.ts';

/**
 * `accumulates`: whether the estimator fills the gradients itself, so that they must exist in any case. Throws RangeError,
 * naming the field, on values that no training can use; `checkOptimizerFits` says whether the lists fit a network.
 */
export function optimizerFrom(
  description: OptimizerDescription,
  { accumulates }: { readonly accumulates: boolean },
): Optimizer {
  checkRates(description);
  checkSchedule(description.schedule);
  checkClipping(description.clipping);
  if (movesAtOnce(description)) return fusedGradientDescent(description, accumulates);
  return elementwise(ruleFrom(description), description);
}

function ruleFrom({ rule, weightDecay }: OptimizerDescription): ElementwiseRule {
  switch (rule.kind) {
    case 'gradient-descent':
      return gradientDescent;
    case 'momentum':
      return momentum(rule);
    case 'nesterov':
      return nesterov(rule);
    case 'adam':
      return adam(rule);
    case 'binary-flip':
      return binaryFlip(rule, weightDecay);
    default:
      rule satisfies never;
      throw new Error('unreachable rule');
  }
}
