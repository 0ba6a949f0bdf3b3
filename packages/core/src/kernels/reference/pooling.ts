/**
 * Pooling of one sample's planes [channels, height, width] over square windows.
 *
 *   max       P = z_m with m = argmax Re z          ∂P/∂z_i = 1 for i = m, else 0
 *   average   P = mean z                            ∂P/∂z_i = 1 / window
 *   softmax   P = Σ p_i z_i,  p = softmax(z)        ∂P/∂z_i = p_i (1 + z_i − P)
 *
 * The last two continue into the complex plane, the first does not.
 *
 * Laborieux et al. (2021) for max pooling in energies; Laborieux & Zenke (2022) for the softmax.
 */
import type { LayerShape, Pooling } from '../network.ts';
import type { Field } from './field.ts';

export interface PoolingOperator {
  /** above[at …] += P(z). */
  forward(z: Field, above: Field, aboveAt: number): void;
  /** back = J(z)ᵀ above[at …]; units that no window covers get 0. */
  backward(z: Field, above: Field, aboveAt: number, back: Field): void;
}

export function poolingOperator({ kind, size }: Pooling, convolved: LayerShape, pooled: LayerShape): PoolingOperator {
  const [channels, height, width] = convolved;
  const [, rows, columns] = pooled;
  const area = size * size;
  const window = new Int32Array(area);
  const weightRe = new Float64Array(area);
  const weightIm = new Float64Array(area);

  /** Calls `visit` with the index of every output unit after filling `window` with its inputs' indices. */
  const eachWindow = (visit: (unit: number) => void) => {
    for (let channel = 0; channel < channels; channel++) {
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const corner = (channel * height + row * size) * width + column * size;
          for (let y = 0; y < size; y++) {
            for (let x = 0; x < size; x++) window[y * size + x] = corner + y * width + x;
          }
          visit((channel * rows + row) * columns + column);
        }
      }
    }
  };

  const largest = (z: Float64Array): number => {
    let best = window[0];
    for (const index of window) if (z[index] > z[best]) best = index;
    return best;
  };

  /** Fills the softmax weights of the window and returns its weighted sum. */
  const soften = (z: Field): { re: number; im: number } => {
    const top = z.re[largest(z.re)];
    let sumRe = 0;
    let sumIm = 0;
    for (let i = 0; i < area; i++) {
      const size = Math.exp(z.re[window[i]] - top);
      const angle = z.im === undefined ? 0 : z.im[window[i]];
      weightRe[i] = size * Math.cos(angle);
      weightIm[i] = size * Math.sin(angle);
      sumRe += weightRe[i];
      sumIm += weightIm[i];
    }
    const square = sumRe * sumRe + sumIm * sumIm;
    let re = 0;
    let im = 0;
    for (let i = 0; i < area; i++) {
      const pRe = (weightRe[i] * sumRe + weightIm[i] * sumIm) / square;
      const pIm = (weightIm[i] * sumRe - weightRe[i] * sumIm) / square;
      const zRe = z.re[window[i]];
      const zIm = z.im === undefined ? 0 : z.im[window[i]];
      weightRe[i] = pRe;
      weightIm[i] = pIm;
      re += pRe * zRe - pIm * zIm;
      im += pRe * zIm + pIm * zRe;
    }
    return { re, im };
  };

  switch (kind) {
    case 'max':
      return {
        forward(z, above, aboveAt) {
          eachWindow((unit) => {
            const best = largest(z.re);
            above.re[aboveAt + unit] += z.re[best];
            if (above.im !== undefined && z.im !== undefined) above.im[aboveAt + unit] += z.im[best];
          });
        },
        backward(z, above, aboveAt, back) {
          back.re.fill(0);
          back.im?.fill(0);
          eachWindow((unit) => {
            const best = largest(z.re);
            back.re[best] = above.re[aboveAt + unit];
            if (back.im !== undefined && above.im !== undefined) back.im[best] = above.im[aboveAt + unit];
          });
        },
      };
    case 'average':
      return {
        forward(z, above, aboveAt) {
          eachWindow((unit) => {
            for (const index of window) {
              above.re[aboveAt + unit] += z.re[index] / area;
              if (above.im !== undefined && z.im !== undefined) above.im[aboveAt + unit] += z.im[index] / area;
            }
          });
        },
        backward(_, above, aboveAt, back) {
          back.re.fill(0);
          back.im?.fill(0);
          eachWindow((unit) => {
            for (const index of window) {
              back.re[index] = above.re[aboveAt + unit] / area;
              if (back.im !== undefined && above.im !== undefined) back.im[index] = above.im[aboveAt + unit] / area;
            }
          });
        },
      };
    case 'softmax':
      return {
        forward(z, above, aboveAt) {
          eachWindow((unit) => {
            const { re, im } = soften(z);
            above.re[aboveAt + unit] += re;
            if (above.im !== undefined) above.im[aboveAt + unit] += im;
          });
        },
        backward(z, above, aboveAt, back) {
          back.re.fill(0);
          back.im?.fill(0);
          eachWindow((unit) => {
            const { re, im } = soften(z);
            const aRe = above.re[aboveAt + unit];
            const aIm = above.im === undefined ? 0 : above.im[aboveAt + unit];
            for (let i = 0; i < area; i++) {
              const gRe = 1 + z.re[window[i]] - re;
              const gIm = (z.im === undefined ? 0 : z.im[window[i]]) - im;
              const jRe = weightRe[i] * gRe - weightIm[i] * gIm;
              const jIm = weightRe[i] * gIm + weightIm[i] * gRe;
              back.re[window[i]] = jRe * aRe - jIm * aIm;
              if (back.im !== undefined) back.im[window[i]] = jRe * aIm + jIm * aRe;
            }
          });
        },
      };
    default:
      kind satisfies never;
      throw new Error('unreachable pooling');
  }
}
