/** σ(x) = tanh x,   σ' = 1 − σ²,   σ'' = −2σ(1 − σ²),   σ⁻¹ = artanh. */
import type { Activation } from './activation.ts';
import { entropyTerm } from './entropy-term.ts';

export const tanh: Activation = {
  name: 'tanh',
  lowest: -1,
  highest: 1,
  steepest: 1,
  value: Math.tanh,
  slope: (x) => 1 - Math.tanh(x) ** 2,
  curvature(x) {
    const y = Math.tanh(x);
    return -2 * y * (1 - y * y);
  },
  potential: (s) => (entropyTerm(1 + s) + entropyTerm(1 - s)) / 2,
  continuation(re, im, result) {
    // tanh(a + ib) = (tanh a + i tan b) / (1 + i tanh a tan b), multiplied out with t = tanh a.
    const t = Math.tanh(re);
    const sine = Math.sin(im);
    const cosine = Math.cos(im);
    const square = cosine * cosine + t * t * sine * sine;
    result.re = t / square;
    result.im = ((1 - t * t) * sine * cosine) / square;
  },
};
