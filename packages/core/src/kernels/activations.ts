/**
 * Activations in float64: what each one is, its slope, and its inverse (the slope of the potential Ψ of a prototypical
 * network, Ψ' = σ⁻¹).
 *
 *   hard sigmoid  clip(x, 0, 1)             slope 1 on the closed interval [0, 1], where states live
 *   logistic      1 / (1 + e^(−4(x − ½)))   slope 4σ(1 − σ)
 *   tanh          tanh x                    slope 1 − σ²
 *
 * The factor 4 and the shift ½ make the logistic a smooth hard sigmoid (Ernoult et al. 2019).
 */
import type { ActivationName } from './kernel-set.ts';

export interface Activation {
  readonly name: ActivationName;
  /** States of an energy model are clipped to [lowest, highest], the range of the activation. */
  readonly lowest: number;
  readonly highest: number;
  value(x: number): number;
  derivative(x: number): number;
  /** Ψ(s) with Ψ'(s) = σ⁻¹(s) inside the range, or undefined where σ has no inverse. */
  readonly potential: ((s: number) => number) | undefined;
}

const hardSigmoid: Activation = {
  name: 'hard-sigmoid',
  lowest: 0,
  highest: 1,
  value: (x) => Math.min(Math.max(x, 0), 1),
  derivative: (x) => (x >= 0 && x <= 1 ? 1 : 0),
  potential: undefined,
};

const logistic: Activation = {
  name: 'logistic',
  lowest: 0,
  highest: 1,
  value: logisticValue,
  derivative(x) {
    const y = logisticValue(x);
    return 4 * y * (1 - y);
  },
  // σ⁻¹(s) = ½ + ¼ ln(s / (1 − s))
  potential: (s) => s / 2 + (entropyTerm(s) + entropyTerm(1 - s)) / 4,
};

const tanh: Activation = {
  name: 'tanh',
  lowest: -1,
  highest: 1,
  value: Math.tanh,
  derivative: (x) => 1 - Math.tanh(x) ** 2,
  // σ⁻¹(s) = artanh s
  potential: (s) => (entropyTerm(1 + s) + entropyTerm(1 - s)) / 2,
};

const ACTIVATIONS = { 'hard-sigmoid': hardSigmoid, logistic, tanh } as const satisfies Record<
  ActivationName,
  Activation
>;

export function activationNamed(name: ActivationName): Activation {
  return ACTIVATIONS[name];
}

function logisticValue(x: number): number {
  return 1 / (1 + Math.exp(-4 * (x - 0.5)));
}

function entropyTerm(x: number): number {
  return x === 0 ? 0 : x * Math.log(x);
}
