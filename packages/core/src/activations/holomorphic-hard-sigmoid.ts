/**
 * A holomorphic clip(x / 2, 0, 1), the `holotanh` of Laborieux & Zenke (NeurIPS 2022) at steepness 1.
 *
 *   σ(z)  = (z/2) g(z) + (1 − z/2) g(z − 2),   g(z) = 1 / (1 + e^(−z))
 *   σ'(z) = ½ [g(z) − g(z − 2)] + (z/2) g'(z) + (1 − z/2) g'(z − 2)
 *
 * It overshoots its range by 0.09 on either side and falls back, so it has no inverse and no potential in closed form;
 * equilibria where it rises are equilibria of an energy all the same.
 */
import type { Activation } from './activation.ts';
import { complexLogistic } from './complex-logistic.ts';

export const holomorphicHardSigmoid: Activation = {
  name: 'holomorphic-hard-sigmoid',
  lowest: -0.0867,
  highest: 1.0867,
  steepest: 0.42768,
  value: (x) => (x / 2) * g(x) + (1 - x / 2) * g(x - 2),
  slope: (x) => (g(x) - g(x - 2)) / 2 + (x / 2) * gSlope(x) + (1 - x / 2) * gSlope(x - 2),
  curvature: (x) => gSlope(x) - gSlope(x - 2) + (x / 2) * gCurvature(x) + (1 - x / 2) * gCurvature(x - 2),
  potential: undefined,
  continuation(re, im, result) {
    complexLogistic(re, im, result);
    const firstRe = result.re;
    const firstIm = result.im;
    complexLogistic(re - 2, im, result);
    const halfRe = re / 2;
    const halfIm = im / 2;
    const secondRe = (1 - halfRe) * result.re + halfIm * result.im;
    const secondIm = (1 - halfRe) * result.im - halfIm * result.re;
    result.re = halfRe * firstRe - halfIm * firstIm + secondRe;
    result.im = halfRe * firstIm + halfIm * firstRe + secondIm;
  },
};

function g(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function gSlope(x: number): number {
  const y = g(x);
  return y * (1 - y);
}

function gCurvature(x: number): number {
  const y = g(x);
  return y * (1 - y) * (1 - 2 * y);
}
