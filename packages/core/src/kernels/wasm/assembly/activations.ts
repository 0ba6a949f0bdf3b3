/**
 * Activations on four floats at once.
 *
 *   hard sigmoid  clip(x, 0, 1)
 *   logistic      1 / (1 + e^(−4(x − ½)))
 *   tanh          1 − 2 / (1 + e^(2x))
 *
 * NaN must survive a clip, so that a diverged network is seen: `pmin` and `pmax` return their first operand when either
 * is NaN, hence the value always comes first.
 */
import { HARD_SIGMOID, LOGISTIC } from './plan';

// @ts-ignore: decorator
@inline
export function clip(x: v128, low: f32, high: f32): v128 {
  return f32x4.pmin(f32x4.pmax(x, f32x4.splat(low)), f32x4.splat(high));
}

/**
 * 2^z for |z| <= 126. z is split into the nearest integer and a rest in [−½, ½]; a polynomial of degree 5 gives 2^rest,
 * and the integer is added to the exponent bits. Its coefficients are minimax among those with 2^0 = 1, which keeps
 * tanh 0 = 0 to the last bit: relative error 9.1e-8, 1.6e-7 with float32 rounding (Taylor's of that degree: 3.2e-6).
 */
// @ts-ignore: decorator
@inline
function exp2(z: v128): v128 {
  const whole = f32x4.nearest(z);
  const rest = f32x4.sub(z, whole);
  let p = f32x4.splat(1.3264728e-3);
  p = f32x4.add(f32x4.mul(p, rest), f32x4.splat(9.671513e-3));
  p = f32x4.add(f32x4.mul(p, rest), f32x4.splat(5.5507336e-2));
  p = f32x4.add(f32x4.mul(p, rest), f32x4.splat(2.4022242e-1));
  p = f32x4.add(f32x4.mul(p, rest), f32x4.splat(6.93147e-1));
  p = f32x4.add(f32x4.mul(p, rest), f32x4.splat(1.0));
  return i32x4.add(p, i32x4.shl(i32x4.trunc_sat_f32x4_s(whole), 23));
}

/** 1 / (1 + 2^z); beyond ±126 the answer is 0 or 1 to the last bit. */
// @ts-ignore: decorator
@inline
function reciprocalOfOnePlusExp2(z: v128): v128 {
  const one = f32x4.splat(1.0);
  return f32x4.div(one, f32x4.add(one, exp2(clip(z, -126.0, 126.0))));
}

const MINUS_FOUR_LOG2_E: f32 = -5.770780163555854;
const TWO_LOG2_E: f32 = 2.885390081777927;

// @ts-ignore: decorator
@inline
export function activate(kind: i32, x: v128): v128 {
  if (kind == HARD_SIGMOID) return clip(x, 0.0, 1.0);
  if (kind == LOGISTIC) {
    return reciprocalOfOnePlusExp2(f32x4.mul(f32x4.sub(x, f32x4.splat(0.5)), f32x4.splat(MINUS_FOUR_LOG2_E)));
  }
  const r = reciprocalOfOnePlusExp2(f32x4.mul(x, f32x4.splat(TWO_LOG2_E)));
  return f32x4.sub(f32x4.splat(1.0), f32x4.add(r, r));
}

/** ρ'(x) from e = ρ(x). The hard sigmoid's is 1 on the closed interval [0, 1], where the states live. */
// @ts-ignore: decorator
@inline
export function derivativeFromEmitted(kind: i32, e: v128): v128 {
  const one = f32x4.splat(1.0);
  if (kind == HARD_SIGMOID) return one;
  if (kind == LOGISTIC) return f32x4.mul(f32x4.splat(4.0), f32x4.mul(e, f32x4.sub(one, e)));
  return f32x4.sub(one, f32x4.mul(e, e));
}

/** States of the energy model live in the range of ρ. */
// @ts-ignore: decorator
@inline
export function clipToRange(kind: i32, x: v128): v128 {
  return kind == HARD_SIGMOID || kind == LOGISTIC ? clip(x, 0.0, 1.0) : clip(x, -1.0, 1.0);
}
