/** g(z) = 1 / (1 + e^(−z)) in the complex plane, of which the smooth activations are made; e^(−|Re z|) cannot overflow. */
import type { ComplexResult } from '../tensor/complex.ts';

export function complexLogistic(re: number, im: number, result: ComplexResult): void {
  const size = Math.exp(-Math.abs(re));
  const wRe = size * Math.cos(im);
  const wIm = size * Math.sin(im);
  // w = e^(∓z) up to conjugation: 1 / (1 + w) on the right half plane, w / (1 + w) on the left.
  const sumRe = 1 + wRe;
  const square = sumRe * sumRe + wIm * wIm;
  if (re >= 0) {
    result.re = sumRe / square;
    result.im = wIm / square;
  } else {
    result.re = (wRe * sumRe + wIm * wIm) / square;
    result.im = wIm / square;
  }
}
