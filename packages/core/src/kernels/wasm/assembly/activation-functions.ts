/**
 * Activations on four floats at once; ../../../activations/ has their equations.
 *
 * NaN must survive a clip, so that a diverged network is seen: `pmin` and `pmax` return their first operand when either
 * is NaN, hence the value always comes first.
 */
import { CLIPPED_LINE, HOLOMORPHIC_HARD_SIGMOID, IDENTITY, LOGISTIC, TANH } from '../../compiled/words';
import { plusProduct } from './operands';

/**
 * The numbers of the polynomials lie in memory: a loop has more of them than registers, and V8 then makes a constant anew
 * in every round, by four instructions where a load is one.
 */
const NUMBERS: usize = memory.data<f32>(
  [
    0.5, 1.0, 2.0, -127.0, 128.0, 126.0, 12582912.0,
    // 2^rest = 1 + rest · (…), degree 5.
    6.93147e-1, 2.4022242e-1, 5.5507336e-2, 9.671513e-3, 1.3264728e-3,
    // (2^rest − 1) / rest, degree 5.
    6.931472e-1, 2.402265e-1, 5.5503574e-2, 9.618237e-3, 1.33907356e-3, 1.5403512e-4,
    // log2 e, −log2 e, 2 log2 e, −4 log2 e.
    1.4426950408889634, -1.4426950408889634, 2.885390081777927, -5.770780163555854,
    // e², e² − 1, and the ends beyond which a logistic has reached its own.
    7.38905609893065, 6.38905609893065, -86.0, 86.0,
  ],
  16,
);
const HALF: usize = 0;
const ONE: usize = 4;
const TWO: usize = 8;
const LOWEST_POWER: usize = 12;
const HIGHEST_POWER: usize = 16;
const LARGE_POWER: usize = 20;
/** 1.5 · 2^23: added to a number below 2^22, it leaves the nearest integer in the low bits. */
const ROUNDING: usize = 24;
const POWER_OF_2: usize = 28;
const POWER_OF_2_LESS_1: usize = 48;
const LOG2_E: usize = 72;
const MINUS_LOG2_E: usize = 76;
const TWO_LOG2_E: usize = 80;
const MINUS_FOUR_LOG2_E: usize = 84;
const E_SQUARED: usize = 88;
const E_SQUARED_LESS_1: usize = 92;
const LOW_END: usize = 96;
const HIGH_END: usize = 100;

// @ts-ignore: decorator
@inline
function number(at: usize): v128 {
  return v128.load_splat<f32>(NUMBERS + at);
}

// @ts-ignore: decorator
@inline
export function clip(x: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, low), high);
}

/** 2^n from `rounded`, an integer n in [−127, 128] plus ROUNDING: 2^128 is infinite, 2^−127 is 0. */
// @ts-ignore: decorator
@inline
function powerOf2(rounded: v128): v128 {
  // The bits of 1.0 are the exponent 0.
  return i32x4.add(i32x4.shl(rounded, 23), number(ONE));
}

/**
 * 2^z for z, clipped to [−127, 128]. z is split into the nearest integer and a rest in [−½, ½]; a polynomial of degree 5
 * gives 2^rest. Its coefficients are minimax among those with 2^0 = 1: relative error 9.1e-8, 1.6e-7 with float32
 * rounding. Its terms are added in pairs, which shortens the chain of operations that wait for each other.
 */
// @ts-ignore: decorator
@inline
function exp2(given: v128): v128 {
  const z = clip(given, number(LOWEST_POWER), number(HIGHEST_POWER));
  const rounded = f32x4.add(z, number(ROUNDING));
  const rest = f32x4.sub(z, f32x4.sub(rounded, number(ROUNDING)));
  const square = f32x4.mul(rest, rest);
  const high = plusProduct(number(POWER_OF_2 + 12), number(POWER_OF_2 + 16), rest);
  const middle = plusProduct(number(POWER_OF_2 + 4), number(POWER_OF_2 + 8), rest);
  const low = plusProduct(number(ONE), number(POWER_OF_2), rest);
  const p = plusProduct(low, square, plusProduct(middle, square, high));
  // Multiplied, not added to the exponent bits: NaN stays NaN whatever its low bits.
  return f32x4.mul(p, powerOf2(rounded));
}

/** e^x, 0 where x < −87.7. */
// @ts-ignore: decorator
@inline
export function exponential(x: v128): v128 {
  return exp2(f32x4.mul(x, number(LOG2_E)));
}

// @ts-ignore: decorator
@inline
function logistic(x: v128): v128 {
  const e = exp2(f32x4.mul(f32x4.sub(x, number(HALF)), number(MINUS_FOUR_LOG2_E)));
  return f32x4.div(number(ONE), f32x4.add(number(ONE), e));
}

/** 4σ(1 − σ) as 4e / (1 + e)² with e = e^(−4(x − ½)), which cancels nothing where σ is close to 1. */
// @ts-ignore: decorator
@inline
function logisticSlope(x: v128): v128 {
  const z = f32x4.mul(f32x4.sub(x, number(HALF)), number(MINUS_FOUR_LOG2_E));
  const e = exp2(z);
  const y = f32x4.div(number(TWO), f32x4.add(number(ONE), e));
  // Nothing at the ends, where e or what drives may be infinite.
  return v128.andnot(f32x4.mul(f32x4.mul(e, y), y), f32x4.ge(f32x4.abs(z), number(LARGE_POWER)));
}

/**
 * With m = e^(2|x|) − 1: tanh |x| = m / (m + 2). From 2^z = 2^n · (1 + q), m = (2^n − 1) + 2^n q adds two numbers of one
 * sign or of very different size, so that small answers are as good as large ones; q / rest is a minimax polynomial of
 * relative error 1.1e-8.
 */
// @ts-ignore: decorator
@inline
function tanh(x: v128): v128 {
  const size = f32x4.abs(x);
  const z = f32x4.pmin(f32x4.mul(size, number(TWO_LOG2_E)), number(LARGE_POWER));
  const rounded = f32x4.add(z, number(ROUNDING));
  const rest = f32x4.sub(z, f32x4.sub(rounded, number(ROUNDING)));
  const square = f32x4.mul(rest, rest);
  const high = plusProduct(number(POWER_OF_2_LESS_1 + 16), number(POWER_OF_2_LESS_1 + 20), rest);
  const middle = plusProduct(number(POWER_OF_2_LESS_1 + 8), number(POWER_OF_2_LESS_1 + 12), rest);
  const low = plusProduct(number(POWER_OF_2_LESS_1), number(POWER_OF_2_LESS_1 + 4), rest);
  const p = plusProduct(low, square, plusProduct(middle, square, high));
  const power = powerOf2(rounded);
  const m = f32x4.add(f32x4.sub(power, number(ONE)), f32x4.mul(power, f32x4.mul(p, rest)));
  const answer = f32x4.div(m, f32x4.add(m, number(TWO)));
  return v128.or(answer, v128.xor(x, size));
}

/**
 * (x/2) g(x) + (1 − x/2) g(x − 2) as g(x − 2) + (x/2) d with d = g(x) − g(x − 2) = (e² − 1) e^(−x) g(x) g(x − 2), which
 * cancels nothing. An infinite x gives NaN, as the sum of two infinities does.
 */
// @ts-ignore: decorator
@inline
function holomorphic(x: v128, slope: bool): v128 {
  const near = clip(x, number(LOW_END), number(HIGH_END));
  const half = f32x4.mul(near, number(HALF));
  const e = exp2(f32x4.mul(near, number(MINUS_LOG2_E)));
  const shifted = f32x4.mul(e, number(E_SQUARED));
  const g = f32x4.div(number(ONE), f32x4.add(number(ONE), e));
  const h = f32x4.div(number(ONE), f32x4.add(number(ONE), shifted));
  const left = f32x4.mul(e, g);
  const difference = f32x4.mul(f32x4.mul(number(E_SQUARED_LESS_1), left), h);
  const nothing = f32x4.sub(x, x);
  if (!slope) return f32x4.add(plusProduct(h, half, difference), nothing);
  // g' = e g², and that of g(x − 2) likewise.
  const gSlope = f32x4.mul(left, g);
  const hSlope = f32x4.mul(f32x4.mul(shifted, h), h);
  const straight = plusProduct(hSlope, number(HALF), difference);
  return f32x4.add(plusProduct(straight, half, f32x4.sub(gSlope, hSlope)), nothing);
}

/** σ(x). `slope` and `highest` are those of a clipped line. */
// @ts-ignore: decorator
@inline
export function activate(activation: i32, x: v128, slope: v128, highest: v128): v128 {
  if (activation == CLIPPED_LINE) return clip(f32x4.mul(slope, x), f32x4.splat(0.0), highest);
  if (activation == LOGISTIC) return logistic(x);
  if (activation == TANH) return tanh(x);
  if (activation == HOLOMORPHIC_HARD_SIGMOID) return holomorphic(x, false);
  return x;
}

/** σ'(x). A clipped line's is not zero on the closed interval, where the states live. */
// @ts-ignore: decorator
@inline
export function slopeAt(activation: i32, x: v128, slope: v128, highest: v128): v128 {
  if (activation == CLIPPED_LINE) {
    const inside = v128.and(f32x4.ge(x, f32x4.splat(0.0)), f32x4.le(f32x4.mul(slope, x), highest));
    return v128.and(inside, slope);
  }
  if (activation == LOGISTIC) return logisticSlope(x);
  if (activation == TANH) {
    const y = tanh(x);
    return f32x4.sub(f32x4.splat(1.0), f32x4.mul(y, y));
  }
  if (activation == HOLOMORPHIC_HARD_SIGMOID) return holomorphic(x, true);
  return f32x4.splat(1.0);
}

/** Ends of the range of σ, where states of the energy model are clipped to. */
// @ts-ignore: decorator
@inline
export function lowestOf(activation: i32): v128 {
  if (activation == TANH) return f32x4.splat(-1.0);
  if (activation == HOLOMORPHIC_HARD_SIGMOID) return f32x4.splat(-0.0867);
  if (activation == IDENTITY) return f32x4.splat(-<f32>Infinity);
  return f32x4.splat(0.0);
}

// @ts-ignore: decorator
@inline
export function highestOf(activation: i32, highest: v128): v128 {
  if (activation == CLIPPED_LINE) return highest;
  if (activation == HOLOMORPHIC_HARD_SIGMOID) return f32x4.splat(1.0867);
  if (activation == IDENTITY) return f32x4.splat(<f32>Infinity);
  return f32x4.splat(1.0);
}
