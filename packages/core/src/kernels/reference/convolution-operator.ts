/**
 * Convolution, then pooling, weights [above channels, below channels, k, k].
 *
 *   z[o, y, x] = Σ_{c, v, u} w[o, c, v, u] · below[c, y·stride + v − padding, x·stride + u − padding],   above += P(z)
 *
 * The transpose goes back through the pooling's Jacobian at the states below, then through the transposed convolution
 * (Laborieux et al. 2021, section 2.3).
 */
import type { Allocator } from '../../tensor/arena.ts';
import { type Connection, convolvedShape, type LayerShape, unitsOf } from '../network.ts';
import { allocateField, type Field } from './field.ts';
import type { ConnectionOperator } from './operator.ts';
import { poolingOperator } from './pooling.ts';
import type { Watch } from './watch.ts';

type Convolution = Extract<Connection, { kind: 'convolution' }>;

export function convolutionOperator(
  connection: Convolution,
  below: LayerShape,
  above: LayerShape,
  allocator: Allocator,
  watch: Watch,
): ConnectionOperator {
  const { convolved, pooled } = convolvedShape(below, above[0], connection);
  const belowUnits = unitsOf(below);
  const aboveUnits = unitsOf(above);
  const plane = unitsOf(convolved);
  const pool = connection.pooling === undefined ? undefined : poolingOperator(connection.pooling, convolved, pooled);
  // Complex even where states are real, because steps are differentiated by an imaginary displacement.
  const z = allocateField(allocator, plane, true);
  const back = allocateField(allocator, plane, true);
  const walk = walker(connection, below, convolved);

  const convolve = (weights: Float64Array, states: Float64Array, belowAt: number, out: Float64Array) => {
    out.fill(0);
    walk((w, from, to, step, count) => {
      const weight = weights[w];
      let source = belowAt + from;
      for (let i = 0; i < count; i++) {
        out[to + i] += weight * states[source];
        source += step;
      }
    });
  };
  const convolveField = (weights: Float64Array, states: Field, belowAt: number): Field => {
    convolve(weights, states.re, belowAt, z.re);
    if (z.im === undefined || states.im === undefined) return { re: z.re, im: undefined };
    convolve(weights, states.im, belowAt, z.im);
    return z;
  };
  /** `back` = J(at)ᵀ above of one sample, before the transposed convolution. */
  const unpool = (weights: Float64Array, at: Field, upper: Field, sample: number): Field => {
    const aboveAt = sample * aboveUnits;
    // A real field above meets a complex Jacobian where the states below are complex.
    const complexResult = upper.im !== undefined || (at.im !== undefined && connection.pooling?.kind === 'softmax');
    const result = complexResult ? back : { re: back.re, im: undefined };
    if (pool !== undefined) {
      // The average's Jacobian does not depend on the states.
      const values = connection.pooling?.kind === 'average' ? z : convolveField(weights, at, sample * belowUnits);
      pool.backward(values, upper, aboveAt, result);
      return result;
    }
    back.re.set(upper.re.subarray(aboveAt, aboveAt + aboveUnits));
    if (upper.im !== undefined) back.im?.set(upper.im.subarray(aboveAt, aboveAt + aboveUnits));
    return result;
  };
  const transpose = (weights: Float64Array, from: Float64Array, into: Float64Array, belowAt: number) => {
    walk((w, source, to, step, count) => {
      const weight = weights[w];
      let target = belowAt + source;
      for (let i = 0; i < count; i++) {
        into[target] += weight * from[to + i];
        target += step;
      }
    });
  };
  const correlate = (c: number, states: Float64Array, belowAt: number, from: Float64Array, gradient: Float64Array) => {
    if (c === 0) return;
    walk((w, source, to, step, count) => {
      let at = belowAt + source;
      let sum = 0;
      for (let i = 0; i < count; i++) {
        sum += states[at] * from[to + i];
        at += step;
      }
      gradient[w] += c * sum;
    });
  };

  return {
    forward(weights, lower, upper, samples) {
      for (let sample = 0; sample < samples && !watch.isStopping(); sample++) {
        const values = convolveField(weights, lower, sample * belowUnits);
        const aboveAt = sample * aboveUnits;
        if (pool !== undefined) {
          pool.forward(values, upper, aboveAt);
          continue;
        }
        for (let i = 0; i < plane; i++) upper.re[aboveAt + i] += values.re[i];
        if (values.im === undefined || upper.im === undefined) continue;
        for (let i = 0; i < plane; i++) upper.im[aboveAt + i] += values.im[i];
      }
    },
    backward(weights, at, upper, lower, samples) {
      for (let sample = 0; sample < samples && !watch.isStopping(); sample++) {
        const result = unpool(weights, at, upper, sample);
        transpose(weights, result.re, lower.re, sample * belowUnits);
        if (result.im !== undefined && lower.im !== undefined) {
          transpose(weights, result.im, lower.im, sample * belowUnits);
        }
      }
    },
    product(weights, lower, upper, { re, im }, gradient, samples) {
      for (let sample = 0; sample < samples; sample++) {
        const result = unpool(weights, lower, upper, sample);
        const belowAt = sample * belowUnits;
        correlate(re, lower.re, belowAt, result.re, gradient);
        if (result.im !== undefined) correlate(-im, lower.re, belowAt, result.im, gradient);
        if (lower.im === undefined) continue;
        correlate(-im, lower.im, belowAt, result.re, gradient);
        if (result.im !== undefined) correlate(-re, lower.im, belowAt, result.im, gradient);
      }
    },
  };
}

type Visit = (weight: number, from: number, to: number, step: number, count: number) => void;

/**
 * Walks all pairs of a kernel entry and an output row: `count` outputs from `to` on each meet the input at `from`, `step`
 * apart. Rows and columns in the padding are left out, for they are zero.
 */
function walker(
  { kernelSize, stride, padding }: Convolution,
  [belowChannels, height, width]: LayerShape,
  [aboveChannels, rows, columns]: LayerShape,
): (visit: Visit) => void {
  return (visit) => {
    for (let o = 0; o < aboveChannels; o++) {
      for (let c = 0; c < belowChannels; c++) {
        for (let v = 0; v < kernelSize; v++) {
          for (let u = 0; u < kernelSize; u++) {
            const weight = ((o * belowChannels + c) * kernelSize + v) * kernelSize + u;
            // Columns x with 0 <= x · stride + u − padding < width.
            const first = Math.max(0, Math.ceil((padding - u) / stride));
            const last = Math.min(columns - 1, Math.floor((width - 1 + padding - u) / stride));
            if (last < first) continue;
            for (let y = 0; y < rows; y++) {
              const row = y * stride + v - padding;
              if (row < 0 || row >= height) continue;
              const from = (c * height + row) * width + first * stride + u - padding;
              visit(weight, from, (o * rows + y) * columns + first, stride, last - first + 1);
            }
          }
        }
      }
    }
  };
}
