/** σ(x) = x: linear output units, as in Scellier et al. (2023). */
import type { Activation } from './activation.ts';

export const identity: Activation = {
  name: 'identity',
  lowest: Number.NEGATIVE_INFINITY,
  highest: Number.POSITIVE_INFINITY,
  steepest: 1,
  value: (x) => x,
  slope: () => 1,
  curvature: () => 0,
  potential: (s) => (s * s) / 2,
  continuation(re, im, result) {
    result.re = re;
    result.im = im;
  },
};
