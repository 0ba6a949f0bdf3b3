/**
 * σ(x) = 1 / (1 + e^(−4(x − ½))), a smooth hard sigmoid: slope 1 at ½ (Ernoult et al. 2019).
 *
 *   σ' = 4σ(1 − σ),   σ'' = 16σ(1 − σ)(1 − 2σ),   σ⁻¹(s) = ½ + ¼ ln(s / (1 − s))
 */
import type { Activation } from './activation.ts';
import { complexLogistic } from './complex-logistic.ts';
import { entropyTerm } from './entropy-term.ts';

export const logistic: Activation = {
  name: 'logistic',
  lowest: 0,
  highest: 1,
  steepest: 1,
  value,
  slope(x) {
    const y = value(x);
    return 4 * y * (1 - y);
  },
  curvature(x) {
    const y = value(x);
    return 16 * y * (1 - y) * (1 - 2 * y);
  },
  potential: (s) => s / 2 + (entropyTerm(s) + entropyTerm(1 - s)) / 4,
  continuation: (re, im, result) => complexLogistic(4 * (re - 0.5), 4 * im, result),
};

function value(x: number): number {
  return 1 / (1 + Math.exp(-4 * (x - 0.5)));
}
