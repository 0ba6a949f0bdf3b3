/**
 * The steps of states, and activations by themselves.
 *
 *   UPDATE_MAP         s ← (1 − rate) · s + rate · σ(drive + nudge)          or the nudge outside σ
 *   UPDATE_ENERGY      s ← clip(s + rate · (−s + ρ'(s) · drive + nudge))     and ρ(s)
 *   UPDATE_PREDICTION  s ← s + rate · (−error + ρ'(s) · drive + nudge)       and ρ(s)
 */
import {
  A,
  ACTIVATION,
  B,
  C,
  CLIPPED_LINE,
  D,
  FIRST,
  GAIN,
  IDENTITY,
  KIND,
  LAYER,
  LOGISTIC,
  NUDGE_INSIDE,
  OUT,
  SECOND,
  TANH,
} from '../../compiled/words';
import { activate, clip, highestOf, lowestOf, slopeAt } from './activation-functions';
import { countChange, largestOf } from './change';
import { numberOf, plusProduct, pointerOf, rowAfter, rowBytesOf, rowOf, wordOf } from './operands';

// @ts-ignore: decorator
@inline
function mapped(
  activation: i32,
  state: v128,
  rate: v128,
  given: v128,
  nudge: usize,
  inside: bool,
  slope: v128,
  highest: v128,
): v128 {
  let drive = given;
  if (nudge != 0 && inside) drive = f32x4.add(drive, v128.load(nudge));
  let to = activate(activation, drive, slope, highest);
  if (nudge != 0 && !inside) to = f32x4.add(to, v128.load(nudge));
  return plusProduct(f32x4.mul(rate, to), f32x4.sub(f32x4.splat(1.0), rate), state);
}

/** Columns `first` to `end` in bytes, two vectors at a time: one is computed while the other waits for its own. */
// @ts-ignore: decorator
@inline
function mapRow(
  activation: i32,
  states: usize,
  drives: usize,
  nudges: usize,
  inside: bool,
  rates: usize,
  slope: v128,
  highest: v128,
  first: usize,
  end: usize,
): v128 {
  let largest = f32x4.splat(0.0);
  for (let at = first; at < end; at += 32) {
    const state0 = v128.load(states + at);
    const state1 = v128.load(states + at, 16);
    const drive0 = v128.load(drives + at);
    const drive1 = v128.load(drives + at, 16);
    const nudge = rowAfter(nudges, at);
    const next0 = mapped(activation, state0, v128.load(rates + at), drive0, nudge, inside, slope, highest);
    const beside = rowAfter(nudge, 16);
    const next1 = mapped(activation, state1, v128.load(rates + at, 16), drive1, beside, inside, slope, highest);
    v128.store(states + at, next0);
    v128.store(states + at, next1, 16);
    largest = i32x4.max_s(largest, f32x4.abs(f32x4.sub(next0, state0)));
    largest = i32x4.max_s(largest, f32x4.abs(f32x4.sub(next1, state1)));
  }
  return largest;
}

export function updateMap(operation: usize, rowFirst: i32, rowEnd: i32, columnFirst: i32, columnEnd: i32): void {
  const activation = wordOf(operation, ACTIVATION);
  const slope = f32x4.splat(numberOf(operation, FIRST));
  const highest = f32x4.splat(numberOf(operation, SECOND));
  const inside = wordOf(operation, KIND) == NUDGE_INSIDE;
  const rates = pointerOf(operation, GAIN);
  const first = (<usize>columnFirst) << 2;
  const end = (<usize>columnEnd) << 2;
  let largest = f32x4.splat(0.0);
  for (let row = rowFirst; row < rowEnd; row++) {
    const states = rowOf(operation, A, row);
    const drives = rowOf(operation, B, row);
    const nudges = rowOf(operation, C, row);
    let moved: v128;
    // Where nothing nudges, which is nearly everywhere, each activation has a loop of its own that asks nothing.
    if (nudges != 0) {
      moved = mapRow(activation, states, drives, nudges, inside, rates, slope, highest, first, end);
    } else if (activation == CLIPPED_LINE) {
      moved = mapRow(CLIPPED_LINE, states, drives, 0, false, rates, slope, highest, first, end);
    } else if (activation == LOGISTIC) {
      moved = mapRow(LOGISTIC, states, drives, 0, false, rates, slope, highest, first, end);
    } else if (activation == TANH) {
      moved = mapRow(TANH, states, drives, 0, false, rates, slope, highest, first, end);
    } else moved = mapRow(activation, states, drives, 0, false, rates, slope, highest, first, end);
    largest = i32x4.max_s(largest, moved);
  }
  const layer = wordOf(operation, LAYER);
  const rowBytes = rowBytesOf(operation, A);
  countChange(largestOf(largest), layer, rowOf(operation, A, rowFirst), rowBytes, rowEnd - rowFirst, columnFirst, columnEnd);
}

/** UPDATE_ENERGY, and UPDATE_PREDICTION where `hasError`. */
// @ts-ignore: decorator
@inline
function updateByForce(
  operation: usize,
  rowFirst: i32,
  rowEnd: i32,
  columnFirst: i32,
  columnEnd: i32,
  hasError: bool,
): void {
  const activation = wordOf(operation, ACTIVATION);
  const slope = f32x4.splat(numberOf(operation, FIRST));
  const highest = f32x4.splat(numberOf(operation, SECOND));
  const bottom = lowestOf(activation);
  const top = highestOf(activation, highest);
  const rates = pointerOf(operation, GAIN);
  const first = (<usize>columnFirst) << 2;
  const end = (<usize>columnEnd) << 2;
  let largest = f32x4.splat(0.0);
  for (let row = rowFirst; row < rowEnd; row++) {
    const states = rowOf(operation, A, row);
    const drives = rowOf(operation, B, row);
    const nudges = rowOf(operation, C, row);
    const errors: usize = hasError ? rowOf(operation, D, row) : 0;
    const emitted = rowOf(operation, OUT, row);
    for (let at = first; at < end; at += 16) {
      const state = v128.load(states + at);
      const minus = hasError ? v128.load(errors + at) : state;
      const pull = f32x4.mul(slopeAt(activation, state, slope, highest), v128.load(drives + at));
      let force = f32x4.sub(pull, minus);
      if (nudges != 0) force = f32x4.add(force, v128.load(nudges + at));
      let next = plusProduct(state, v128.load(rates + at), force);
      if (!hasError && activation != IDENTITY) next = clip(next, bottom, top);
      v128.store(states + at, next);
      largest = i32x4.max_s(largest, f32x4.abs(f32x4.sub(next, state)));
      if (emitted != 0) v128.store(emitted + at, activate(activation, next, slope, highest));
    }
  }
  const layer = wordOf(operation, LAYER);
  const rowBytes = rowBytesOf(operation, A);
  countChange(largestOf(largest), layer, rowOf(operation, A, rowFirst), rowBytes, rowEnd - rowFirst, columnFirst, columnEnd);
}

export function updateEnergy(operation: usize, rowFirst: i32, rowEnd: i32, columnFirst: i32, columnEnd: i32): void {
  updateByForce(operation, rowFirst, rowEnd, columnFirst, columnEnd, false);
}

export function updatePrediction(operation: usize, rowFirst: i32, rowEnd: i32, columnFirst: i32, columnEnd: i32): void {
  updateByForce(operation, rowFirst, rowEnd, columnFirst, columnEnd, true);
}

export function emitRows(operation: usize, rowFirst: i32, rowEnd: i32, columnFirst: i32, columnEnd: i32): void {
  const activation = wordOf(operation, ACTIVATION);
  const slope = f32x4.splat(numberOf(operation, FIRST));
  const highest = f32x4.splat(numberOf(operation, SECOND));
  for (let row = rowFirst; row < rowEnd; row++) {
    const a = rowOf(operation, A, row);
    const out = rowOf(operation, OUT, row);
    for (let at = (<usize>columnFirst) << 2; at < (<usize>columnEnd) << 2; at += 16) {
      v128.store(out + at, activate(activation, v128.load(a + at), slope, highest));
    }
  }
}

export function multiplySlope(operation: usize, rowFirst: i32, rowEnd: i32, columnFirst: i32, columnEnd: i32): void {
  const activation = wordOf(operation, ACTIVATION);
  const slope = f32x4.splat(numberOf(operation, FIRST));
  const highest = f32x4.splat(numberOf(operation, SECOND));
  for (let row = rowFirst; row < rowEnd; row++) {
    const a = rowOf(operation, A, row);
    const b = rowOf(operation, B, row);
    const out = rowOf(operation, OUT, row);
    for (let at = (<usize>columnFirst) << 2; at < (<usize>columnEnd) << 2; at += 16) {
      const factor = slopeAt(activation, v128.load(b + at), slope, highest);
      v128.store(out + at, f32x4.mul(v128.load(a + at), factor));
    }
  }
}
