/**
 * Binary synapses: weights ±α_l that flip, without latent real weights behind them.
 *
 *   m ← (1 − γ) m − γ ĝ                        (−ĝ is the direction in which the cost falls)
 *   w ← −w  exactly when  −sign(w) · m > τ     otherwise w stays
 *
 * γ and τ are given per connection. The magnitude α_l is that of the stored weights themselves, set when they are
 * initialized (`binary` in ../models/initialization.ts) and never changed. Biases, and feedback weights where they are
 * separate, take real values and move by gradient descent; schedules act on those rates only, not on γ.
 *
 * Memories in float32 forget nothing where γ < 6e-8, half their spacing; this holds for the authors' runs too.
 *
 * Laydevant, Ernoult, Querlioz & Grollier, "Training dynamical binary neural networks with equilibrium propagation"
 * (CVPRW 2021), after Helwegen et al., "Latent weights do not exist" (NeurIPS 2019).
 *
 * Differs from the paper: α_l stays fixed; the variant that learns it is left out.
 */
import type { ParameterTensor } from '../kernels/kernel-set.ts';
import { type ElementwiseRule, followed, type Step } from './elementwise.ts';
import { checkList } from './field-ranges.ts';
import { gradientDescent } from './gradient-descent.ts';
import type { BinaryFlipRule } from './optimizer-description.ts';

export function binaryFlip({ momentumGains, thresholds }: BinaryFlipRule, weightDecay: number): ElementwiseRule {
  checkList('rule.momentumGains', momentumGains, 'in (0, 1]');
  checkList('rule.thresholds', thresholds, 'finite and >= 0');
  if (momentumGains.length !== thresholds.length) {
    throw new RangeError(
      `rule.thresholds has ${thresholds.length} entries, rule.momentumGains has ${momentumGains.length}`,
    );
  }
  if (weightDecay !== 0) throw new RangeError(`weightDecay is 0 for binary-flip, got ${weightDecay}`);
  return {
    memories: 1,
    move(tensor, step) {
      if (tensor.kind === 'weights') flip(tensor, step, momentumGains[tensor.index], thresholds[tensor.index]);
      else gradientDescent.move(tensor, step);
    },
  };
}

function flip({ values, buffers: [sums, memory] }: ParameterTensor, step: Step, gain: number, threshold: number): void {
  const { scale, limit, decay } = step;
  for (let i = 0; i < values.length; i++) {
    memory[i] = (1 - gain) * memory[i] - gain * followed(sums[i], values[i], scale, limit, decay);
    // What is compared is the stored momentum, rounded as the kernel set rounds, so that a checkpoint shows why.
    if (-Math.sign(values[i]) * memory[i] > threshold) values[i] = -values[i];
  }
}
