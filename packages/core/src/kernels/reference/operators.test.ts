/**
 * Connections as linear algebra, whatever they are made of: what goes up and what comes down are transposes, complex fields
 * pass as the real ones do, and products are the slopes of ⟨above, P(W ∗ below)⟩ in W.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createArenaMemory, openArena } from '../../tensor/arena.ts';
import type { RandomStream } from '../../tensor/random.ts';
import { type Connection, convolvedShape, type LayerShape, type Pooling, unitsOf } from '../network.ts';
import { streamOf, uniforms } from '../testing/drawn-network.ts';
import { distance, dot, moved, slopeAt } from '../testing/slopes.ts';
import { convolutionOperator } from './convolution-operator.ts';
import { denseOperator } from './dense-operator.ts';
import type { Field } from './field.ts';
import type { ConnectionOperator } from './operator.ts';
import { UNWATCHED } from './watch.ts';

const SAMPLES = 2;

interface Case {
  readonly operator: ConnectionOperator;
  readonly below: number;
  readonly above: number;
  readonly weights: Float64Array;
  readonly stream: RandomStream;
}

const shapes: fc.Arbitrary<LayerShape> = fc
  .tuple(fc.integer({ min: 1, max: 3 }), ...[1, 1].map(() => fc.integer({ min: 3, max: 7 })))
  .map(([channels, height, width]) => [channels, height, width]);

function convolutions(kinds: readonly (Pooling['kind'] | undefined)[]): fc.Arbitrary<Case> {
  return fc
    .record({
      below: shapes,
      channels: fc.integer({ min: 1, max: 3 }),
      kernelSize: fc.integer({ min: 1, max: 3 }),
      stride: fc.integer({ min: 1, max: 3 }),
      padding: fc.integer({ min: 0, max: 3 }),
      kind: fc.constantFrom(...kinds),
      size: fc.integer({ min: 1, max: 3 }),
      seed: fc.nat(),
    })
    .map(({ kind, size, ...rest }) => ({ ...rest, pooling: kind === undefined ? undefined : { kind, size } }))
    .filter(({ below: [, height, width], kernelSize, stride, padding, pooling }) => {
      const least = (pooling?.size ?? 1) - 1;
      return [height, width].every((side) => Math.floor((side + 2 * padding - kernelSize) / stride) >= least);
    })
    .map(({ below, channels, kernelSize, stride, padding, pooling, seed }) => {
      const connection = {
        kind: 'convolution',
        from: 1,
        to: 2,
        kernelSize,
        stride,
        padding,
        pooling,
      } satisfies Connection;
      const above = convolvedShape(below, channels, connection).pooled;
      const stream = streamOf(seed);
      return {
        operator: convolutionOperator(connection, below, above, openArena(createArenaMemory(100_000)), UNWATCHED),
        below: unitsOf(below),
        above: unitsOf(above),
        weights: uniforms(stream.split('weights'), channels * below[0] * kernelSize ** 2, -1, 1),
        stream,
      };
    });
}

const denseOnes: fc.Arbitrary<Case> = fc
  .record({ below: fc.integer({ min: 1, max: 6 }), above: fc.integer({ min: 1, max: 6 }), seed: fc.nat() })
  .map(({ below, above, seed }) => {
    const stream = streamOf(seed);
    return {
      operator: denseOperator(below, above),
      below,
      above,
      weights: uniforms(stream.split('weights'), below * above, -1, 1),
      stream,
    };
  });

const linear = fc.oneof(denseOnes, convolutions([undefined, 'average']));
const analytic = fc.oneof(denseOnes, convolutions([undefined, 'average', 'softmax', 'softmax']));
const all = fc.oneof(denseOnes, convolutions([undefined, 'max', 'average', 'softmax']));

const real = (re: Float64Array): Field => ({ re, im: undefined });
const draw = ({ stream }: Case, name: string, units: number) => uniforms(stream.split(name), SAMPLES * units, -1, 1);
const drawComplex = (one: Case, name: string, units: number) => ({
  re: draw(one, name, units),
  im: draw(one, `${name} im`, units),
});
const zeros = (units: number): Field & { im: Float64Array } => ({
  re: new Float64Array(SAMPLES * units),
  im: new Float64Array(SAMPLES * units),
});

function forward({ operator, weights, above }: Case, lower: Field, given = weights): Field & { im: Float64Array } {
  const result = zeros(above);
  operator.forward(given, lower, lower.im === undefined ? real(result.re) : result, SAMPLES);
  return result;
}
function backward({ operator, weights, below }: Case, at: Field, upper: Field): Field & { im: Float64Array } {
  const result = zeros(below);
  operator.backward(weights, at, upper, result, SAMPLES);
  return result;
}
function product({ operator, weights }: Case, lower: Field, upper: Field, re: number, im: number): Float64Array {
  const gradient = new Float64Array(weights.length);
  operator.product(weights, lower, upper, { re, im }, gradient, SAMPLES);
  return gradient;
}
const plus = (one: Float64Array, other: Float64Array, factor = 1) => one.map((x, i) => x + factor * other[i]);
/** Sums of some 50 products of numbers below 1, rounded. */
const ROUNDING = 1e-12;
const TINY = 2 ** -300;

describe('a connection', () => {
  it('brings down the transpose of what it brings up: ⟨above, Df(δ)⟩ = ⟨backward(above), δ⟩', () => {
    const law = (one: Case) => {
      const [at, direction, upper] = [
        draw(one, 'at', one.below),
        draw(one, 'δ', one.below),
        draw(one, 'above', one.above),
      ];
      // Of a maximum: small enough a step to keep the choice; both values differ by 1e-7 relative to the slope otherwise.
      const h = 1e-7;
      const up = forward(one, real(plus(at, direction, h))).re;
      const down = forward(one, real(plus(at, direction, -h))).re;
      const along = up.map((x, i) => (x - down[i]) / (2 * h));
      const back = backward(one, real(at), real(upper)).re;
      expect(Math.abs(dot(upper, along) - dot(back, direction))).toBeLessThan(1e-6);
    };
    fc.assert(fc.property(all, law), { numRuns: 200 });
  });

  it('says the same by an imaginary displacement, without any difference', () => {
    const law = (one: Case) => {
      const [at, direction, upper] = [
        draw(one, 'at', one.below),
        draw(one, 'δ', one.below),
        draw(one, 'above', one.above),
      ];
      const along = forward(one, { re: at, im: direction.map((x) => x * TINY) }).im.map((x) => x / TINY);
      const back = backward(one, real(at), real(upper)).re;
      expect(Math.abs(dot(upper, along) - dot(back, direction))).toBeLessThan(ROUNDING);
    };
    fc.assert(fc.property(all, law), { numRuns: 200 });
  });

  it('is linear over the complex numbers where it is linear at all', () => {
    const law = (one: Case, re: number, im: number) => {
      const lower = drawComplex(one, 'lower', one.below);
      const turned = {
        re: lower.re.map((x, i) => re * x - im * lower.im[i]),
        im: lower.im.map((y, i) => re * y + im * lower.re[i]),
      };
      const [plain, after] = [forward(one, lower), forward(one, turned)];
      expect(
        distance(
          after.re,
          plain.re.map((x, i) => re * x - im * plain.im[i]),
        ),
      ).toBeLessThan(ROUNDING);
      expect(
        distance(
          after.im,
          plain.im.map((y, i) => re * y + im * plain.re[i]),
        ),
      ).toBeLessThan(ROUNDING);
      const upper = drawComplex(one, 'upper', one.above);
      const back = backward(one, lower, upper);
      expect(distance(back.re, backward(one, lower, real(upper.re)).re)).toBeLessThan(ROUNDING);
      expect(distance(back.im, backward(one, lower, real(upper.im)).re)).toBeLessThan(ROUNDING);
    };
    // Not `fc.double`, most of whose numbers about zero are as good as zero.
    const numbers = fc.integer({ min: -2_000, max: 2_000 }).map((k) => k / 1_000);
    fc.assert(fc.property(linear, numbers, numbers, law), { numRuns: 100 });
  });

  it('is analytic upwards and downwards, unless it chooses: ∂/∂(iy) = i ∂/∂x, and conjugates go to conjugates', () => {
    const law = (one: Case) => {
      const at = drawComplex(one, 'at', one.below);
      const direction = draw(one, 'δ', one.below);
      const upper = drawComplex(one, 'upper', one.above);
      const h = 1e-4;
      const conjugate = ({ re, im }: { re: Float64Array; im: Float64Array }) => ({ re, im: im.map((y) => -y) });
      for (const f of [(z: typeof at) => forward(one, z), (z: typeof at) => backward(one, z, upper)]) {
        const slope = (alongRe: number, alongIm: number) => {
          const [up, down] = [h, -h].map((step) =>
            f({ re: plus(at.re, direction, step * alongRe), im: plus(at.im, direction, step * alongIm) }),
          );
          return {
            re: plus(up.re, down.re, -1).map((x) => x / (2 * h)),
            im: plus(up.im, down.im, -1).map((x) => x / (2 * h)),
          };
        };
        const [alongX, alongY] = [slope(1, 0), slope(0, 1)];
        // A central difference errs by h² times a third derivative, some tens here.
        expect(distance(alongY.im, alongX.re)).toBeLessThan(1e-5);
        expect(
          distance(
            alongY.re,
            alongX.im.map((y) => -y),
          ),
        ).toBeLessThan(1e-5);
      }
      const up = [forward(one, conjugate(at)), conjugate(forward(one, at))];
      const down = [backward(one, conjugate(at), conjugate(upper)), conjugate(backward(one, at, upper))];
      for (const [left, right] of [up, down]) {
        expect(distance(left.re, right.re)).toBeLessThan(ROUNDING);
        expect(distance(left.im, right.im)).toBeLessThan(ROUNDING);
      }
    };
    // A softmax has poles where its weights cancel, which needs imaginary parts beyond π / 2: keep them within ± 1 / 8 a unit.
    fc.assert(fc.property(fc.oneof(denseOnes, convolutions([undefined, 'average', 'softmax']).map(tamed)), law), {
      numRuns: 100,
    });
  });

  it('agrees with its real self where imaginary parts are zero', () => {
    const law = (one: Case) => {
      const [lower, upper] = [draw(one, 'lower', one.below), draw(one, 'upper', one.above)];
      const flat = (re: Float64Array) => ({ re, im: new Float64Array(re.length) });
      const up = forward(one, flat(lower));
      const down = backward(one, flat(lower), flat(upper));
      expect(distance(up.re, forward(one, real(lower)).re)).toBeLessThan(ROUNDING);
      expect(distance(down.re, backward(one, real(lower), real(upper)).re)).toBeLessThan(ROUNDING);
      expect(distance([...up.im, ...down.im], new Float64Array(up.im.length + down.im.length))).toBe(0);
      expect(
        distance(product(one, flat(lower), flat(upper), 0.7, 0.4), product(one, real(lower), real(upper), 0.7, 0)),
      ).toBeLessThan(ROUNDING);
    };
    fc.assert(fc.property(all, law), { numRuns: 100 });
  });

  it('has as product the slope of ⟨above, P(W ∗ below)⟩ in every weight', () => {
    const law = (one: Case) => {
      const [lower, upper] = [draw(one, 'lower', one.below), draw(one, 'above', one.above)];
      const gradient = product(one, real(lower), real(upper), -1.5, 0.3);
      gradient.forEach((g, w) => {
        const slope = slopeAt((by) => dot(upper, forward(one, real(lower), moved(one.weights, w, by)).re));
        expect(Math.abs(g + 1.5 * slope)).toBeLessThan(1e-8);
      });
    };
    fc.assert(fc.property(analytic, law), { numRuns: 60 });
  });

  it('takes the real part of c · product for complex states and c', () => {
    const law = (one: Case, re: number, im: number) => {
      const lower = drawComplex(one, 'lower', one.below);
      const upper = drawComplex(one, 'upper', one.above);
      const seen = product(one, lower, upper, re, im);
      // ∂⟨above, P(W ∗ below)⟩/∂W by a real step of W, with a bilinear product, not a sesquilinear one.
      seen.forEach((g, w) => {
        const value = (by: number) => {
          const up = forward(one, lower, moved(one.weights, w, by));
          const [sumRe, sumIm] = [
            dot(upper.re, up.re) - dot(upper.im, up.im),
            dot(upper.re, up.im) + dot(upper.im, up.re),
          ];
          return re * sumRe - im * sumIm;
        };
        expect(Math.abs(g - slopeAt(value, 1e-4))).toBeLessThan(1e-7);
      });
    };
    // Not `fc.double`, most of whose numbers about zero are as good as zero.
    const numbers = fc.integer({ min: -2_000, max: 2_000 }).map((k) => k / 1_000);
    const tame = fc.oneof(denseOnes, convolutions([undefined, 'average', 'softmax']).map(tamed));
    fc.assert(fc.property(tame, numbers, numbers, law), { numRuns: 60 });
  });
});

/** The same with weights so small that |Im z| < 1 / 2 in every window of a pooling. */
function tamed(one: Case): Case {
  return { ...one, weights: one.weights.map((w) => w / 54) };
}

describe('a convolution that is watched', () => {
  const connection = {
    kind: 'convolution',
    from: 1,
    to: 2,
    kernelSize: 1,
    stride: 1,
    padding: 0,
    pooling: undefined,
  } as const;

  it('gives up between samples once a stop is asked for, and computes them all when it is not', () => {
    const rowsDone = (stopAfter: number) => {
      let asked = 0;
      const watch = { isArmed: true, isStopping: () => asked++ >= stopAfter };
      const operator = convolutionOperator(
        connection,
        [1, 2, 2],
        [1, 2, 2],
        openArena(createArenaMemory(10_000)),
        watch,
      );
      const ones: Field = { re: new Float64Array(5 * 4).fill(1), im: undefined };
      const above: Field = { re: new Float64Array(5 * 4), im: undefined };
      operator.forward(Float64Array.of(1), ones, above, 5);
      return above.re.reduce((sum, value) => sum + value, 0) / 4;
    };
    expect(rowsDone(2)).toBe(2);
    expect(rowsDone(100)).toBe(5);
  });
});
