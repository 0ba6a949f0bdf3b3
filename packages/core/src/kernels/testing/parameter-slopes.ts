/** A gradient in kernels' buffers against differences of what it is said to be the slope of. */
import type { NetworkKernels, ParameterValues } from '../kernel-set.ts';
import { movedIn, slopeUnlessCorner } from './slopes.ts';

export interface SlopeComparison {
  /** The largest difference, relative to slopes above 1. */
  readonly worst: number;
  /** Entries that were looked at; those beside a corner are not. */
  readonly compared: number;
}

/**
 * Looks at some ten entries of every tensor, which ones depends on `seed`. `loss` settles the kernels, which hold moved
 * parameters, and says what comes of it. A step of 1e-4 leaves 1e-11 of rounding and no truncation to speak of.
 */
export function compareSlopes(
  kernels: NetworkKernels,
  samples: number,
  gradient: ParameterValues,
  seed: number,
  loss: (part: 'weights' | 'biases' | 'feedback', k: number) => number,
): SlopeComparison {
  const parameters = kernels.readParameters();
  let compared = 0;
  let worst = 0;
  for (const part of ['weights', 'biases', 'feedback'] as const) {
    parameters[part].forEach((values, k) => {
      const stride = Math.max(1, Math.ceil(values.length / 10));
      for (let at = seed % stride; at < values.length; at += stride) {
        const slope = slopeUnlessCorner((by) => {
          kernels.writeParameters({ ...parameters, [part]: movedIn(parameters[part], k, at, by) });
          kernels.clamp(samples);
          return loss(part, k);
        }, 1e-4);
        if (slope === undefined) continue;
        compared++;
        worst = Math.max(worst, Math.abs(gradient[part][k][at] - slope) / Math.max(1, Math.abs(slope)));
      }
    });
  }
  kernels.writeParameters(parameters);
  kernels.clamp(samples);
  return { worst, compared };
}
