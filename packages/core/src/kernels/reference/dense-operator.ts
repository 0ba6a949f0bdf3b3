/**
 * Every unit to every unit, weights [below, above].
 *
 *   above_j += Σ_i w_ij below_i,   below_i += Σ_j w_ij above_j,   gradient_ij += Re[c · below_i · above_j]
 */
import type { ConnectionOperator } from './operator.ts';

export function denseOperator(belowUnits: number, aboveUnits: number): ConnectionOperator {
  const forward = (weights: Float64Array, below: Float64Array, above: Float64Array, samples: number) => {
    for (let sample = 0; sample < samples; sample++) {
      const to = sample * aboveUnits;
      for (let i = 0; i < belowUnits; i++) {
        const x = below[sample * belowUnits + i];
        // Most pixels are black, and many units silent.
        if (x === 0) continue;
        const row = i * aboveUnits;
        for (let j = 0; j < aboveUnits; j++) above[to + j] += x * weights[row + j];
      }
    }
  };
  const backward = (weights: Float64Array, above: Float64Array, below: Float64Array, samples: number) => {
    for (let sample = 0; sample < samples; sample++) {
      const from = sample * aboveUnits;
      for (let i = 0; i < belowUnits; i++) {
        const row = i * aboveUnits;
        let sum = 0;
        for (let j = 0; j < aboveUnits; j++) sum += weights[row + j] * above[from + j];
        below[sample * belowUnits + i] += sum;
      }
    }
  };
  const product = (c: number, below: Float64Array, above: Float64Array, gradient: Float64Array, samples: number) => {
    if (c === 0) return;
    for (let sample = 0; sample < samples; sample++) {
      const from = sample * aboveUnits;
      for (let i = 0; i < belowUnits; i++) {
        const x = c * below[sample * belowUnits + i];
        if (x === 0) continue;
        const row = i * aboveUnits;
        for (let j = 0; j < aboveUnits; j++) gradient[row + j] += x * above[from + j];
      }
    }
  };
  return {
    forward(weights, below, above, samples) {
      forward(weights, below.re, above.re, samples);
      if (below.im !== undefined && above.im !== undefined) forward(weights, below.im, above.im, samples);
    },
    backward(weights, _, above, below, samples) {
      backward(weights, above.re, below.re, samples);
      if (above.im !== undefined && below.im !== undefined) backward(weights, above.im, below.im, samples);
    },
    product(_, below, above, { re, im }, gradient, samples) {
      // Re[(a + ib)(x + iy)(u + iv)] = a(xu − yv) − b(xv + yu)
      product(re, below.re, above.re, gradient, samples);
      if (below.im !== undefined && above.im !== undefined) product(-re, below.im, above.im, gradient, samples);
      if (above.im !== undefined) product(-im, below.re, above.im, gradient, samples);
      if (below.im !== undefined) product(-im, below.im, above.re, gradient, samples);
    },
  };
}
