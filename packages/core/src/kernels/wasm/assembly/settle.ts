/**
 * One whole phase of relaxation in one call.
 *
 *   drive_k = b_k + W_{k−1}ᵀ r_{k−1} + W_k r_{k+1}       (r = ρ(s) for the energy model, r = s for the discrete map)
 *   gradient of the deep Hopfield energy:  s_k ← clip(s_k + ε(−s_k + ρ'(s_k) ⊙ drive_k + β(y − s_k) at the output))
 *   discrete map:                          s_k ← σ(drive_k + β(y − s_k)) or σ(drive_k) + β(y − s_k) at the output
 *
 * All layers move at once from the states of the step before. Samples are independent, so a block of four runs through
 * the whole phase before the next block starts: its states stay in the first-level cache, and nothing is dispatched.
 */
import { activate, clipToRange, derivativeFromEmitted } from './activations';
import {
  ACTIVATION,
  BIASES,
  BLOCK_SAMPLES,
  DISCRETE_MAP,
  DRIVE_POINTER,
  EMITTED,
  HARD_SIGMOID,
  header,
  headerPointer,
  LABELS_POINTER,
  LAYER_COUNT,
  layerPointer,
  layerWord,
  NUDGE_INSIDE,
  NUDGE_PLACEMENT,
  RULE,
  SCRATCH_POINTER,
  SIZE,
  STATES,
  STEP_SIZE,
  STOP_WORD_POINTER,
  STRIDE,
  WEIGHTS_FROM_ABOVE,
  WEIGHTS_TO_ABOVE,
} from './plan';

/** Answers of `settle`. */
const SETTLED: i32 = 0;
const STOPPED: i32 = 1;

/** The largest |s(last) − s(last but one)| over all units and samples of the latest call, divided by the step size. */
let residual: f32 = 0;

export function lastResidual(): f32 {
  return residual;
}

/**
 * Settles samples `first` to `end` (multiples of the block size) for `steps` steps at nudging strength `beta`, from
 * state slot `from` (−1: zeros) into slot `into`. `realEnd` is where padding samples begin: they do not count in the
 * residual. Returns STOPPED, with the slot unchanged for the rest, as soon as the stop word is set.
 */
export function settle(plan: usize, beta: f32, steps: i32, from: i32, into: i32, first: i32, end: i32, realEnd: i32): i32 {
  residual = 0;
  const stopWord = headerPointer(plan, STOP_WORD_POINTER);
  const layerCount = header(plan, LAYER_COUNT);
  const aliased = header(plan, RULE) == DISCRETE_MAP || header(plan, ACTIVATION) == HARD_SIGMOID;
  for (let block = first; block < end; block += BLOCK_SAMPLES) {
    loadBlock(plan, layerCount, aliased, from, block);
    for (let t = 0; t < steps; t++) {
      if (atomic.load<i32>(stopWord) != 0) return STOPPED;
      const zeros = from < 0 && t == 0 && aliased;
      for (let layer = 1; layer < layerCount; layer++) {
        stepLayer(plan, layer, layerCount, aliased, zeros, beta, t & 1, block);
      }
    }
    const counted = realEnd - block < BLOCK_SAMPLES ? realEnd - block : BLOCK_SAMPLES;
    storeBlock(plan, layerCount, aliased, into, block, steps, counted);
  }
  return SETTLED;
}

/** Scratch of a layer: states of even steps, states of odd steps, and the same two for ρ(s) where it differs. */
// @ts-ignore: decorator
@inline
function scratch(plan: usize, layer: i32, half: i32): usize {
  let pointer = headerPointer(plan, SCRATCH_POINTER);
  for (let below = 1; below < layer; below++) pointer += <usize>layerWord(plan, below, STRIDE) * 64;
  return pointer + <usize>layerWord(plan, layer, STRIDE) * 16 * <usize>half;
}

function loadBlock(plan: usize, layerCount: i32, aliased: bool, from: i32, block: i32): void {
  const activation = header(plan, ACTIVATION);
  for (let layer = 1; layer < layerCount; layer++) {
    const bytes = (<usize>layerWord(plan, layer, STRIDE)) << 4;
    const states = scratch(plan, layer, 0);
    const offset = (<usize>(block >> 2)) * bytes;
    if (from < 0) memory.fill(states, 0, bytes);
    else memory.copy(states, layerPointer(plan, layer, STATES + from) + offset, bytes);
    if (aliased) continue;
    const emitted = scratch(plan, layer, 2);
    for (let at: usize = 0; at < bytes; at += 16) v128.store(emitted + at, activate(activation, v128.load(states + at)));
  }
}

/** Copies the block's last states into a slot and takes the residual from the two last states, both still in cache. */
function storeBlock(
  plan: usize,
  layerCount: i32,
  aliased: bool,
  into: i32,
  block: i32,
  steps: i32,
  counted: i32,
): void {
  let largest = f32x4.splat(0.0);
  const current = steps & 1;
  for (let layer = 1; layer < layerCount; layer++) {
    const rowBytes = (<usize>layerWord(plan, layer, STRIDE)) << 2;
    const bytes = rowBytes << 2;
    const offset = (<usize>(block >> 2)) * bytes;
    const states = scratch(plan, layer, current);
    const before = scratch(plan, layer, 1 - current);
    memory.copy(layerPointer(plan, layer, STATES + into) + offset, states, bytes);
    if (!aliased) {
      memory.copy(layerPointer(plan, layer, EMITTED + into) + offset, scratch(plan, layer, 2 + current), bytes);
    }
    if (steps == 0) continue;
    for (let at: usize = 0; at < rowBytes * <usize>counted; at += 16) {
      largest = f32x4.max(largest, f32x4.abs(f32x4.sub(v128.load(states + at), v128.load(before + at))));
    }
  }
  // f32x4.max and the comparisons below keep NaN, so a state that is not finite is reported as such.
  let most = residual;
  most = max<f32>(most, f32x4.extract_lane(largest, 0));
  most = max<f32>(most, f32x4.extract_lane(largest, 1));
  most = max<f32>(most, f32x4.extract_lane(largest, 2));
  residual = max<f32>(most, f32x4.extract_lane(largest, 3));
}

/** What one step of one layer needs beside the sums; module variables, because the inlined tail reads them often. */
let rule: i32 = 0;
let activation: i32 = 0;
let nudgeInside: bool = false;
let nudge: f32 = 0;
let stepSize: f32 = 0;

/** Turns four units' drive into their next state and stores it (and ρ of it where the two differ). */
// @ts-ignore: decorator
@inline
function advance(drive: v128, at: usize, states: usize, nextStates: usize, emitted: usize, nextEmitted: usize, labels: usize): void {
  let push = f32x4.splat(0.0);
  if (labels != 0) {
    push = f32x4.mul(f32x4.splat(nudge), f32x4.sub(v128.load(labels + at), v128.load(states + at)));
  }
  if (rule == DISCRETE_MAP) {
    let next: v128;
    if (labels != 0) {
      next = nudgeInside ? activate(activation, f32x4.add(drive, push)) : f32x4.add(activate(activation, drive), push);
    } else {
      next = activate(activation, drive);
    }
    v128.store(nextStates + at, next);
    return;
  }
  const state = v128.load(states + at);
  let force = f32x4.sub(f32x4.mul(derivativeFromEmitted(activation, v128.load(emitted + at)), drive), state);
  force = f32x4.add(force, push);
  const next = clipToRange(activation, f32x4.add(state, f32x4.mul(f32x4.splat(stepSize), force)));
  v128.store(nextStates + at, next);
  if (nextEmitted != nextStates) v128.store(nextEmitted + at, activate(activation, next));
}

function stepLayer(
  plan: usize,
  layer: i32,
  layerCount: i32,
  aliased: bool,
  zeros: bool,
  beta: f32,
  parity: i32,
  block: i32,
): void {
  rule = header(plan, RULE);
  activation = header(plan, ACTIVATION);
  nudgeInside = header(plan, NUDGE_PLACEMENT) == NUDGE_INSIDE;
  nudge = beta;
  stepSize = load<f32>(plan + (<usize>STEP_SIZE << 2));
  const stride = layerWord(plan, layer, STRIDE);
  const rowBytes = <usize>stride << 2;
  const states = scratch(plan, layer, parity);
  const nextStates = scratch(plan, layer, 1 - parity);
  const emitted = aliased ? states : scratch(plan, layer, 2 + parity);
  const nextEmitted = aliased ? nextStates : scratch(plan, layer, 3 - parity);
  const shown = aliased ? parity : 2 + parity;
  const isOutput = layer == layerCount - 1;
  const labels =
    isOutput && beta != 0 ? headerPointer(plan, LABELS_POINTER) + <usize>block * rowBytes : 0;
  const constant = layer == 1 ? headerPointer(plan, DRIVE_POINTER) + <usize>block * rowBytes : layerPointer(plan, layer, BIASES);
  const constantRowBytes: usize = layer == 1 ? rowBytes : 0;

  let belowCount: usize = 0;
  let below: usize = 0;
  let belowRowBytes: usize = 0;
  let belowWeights: usize = 0;
  if (layer > 1 && !zeros) {
    belowCount = layerWord(plan, layer - 1, SIZE);
    below = scratch(plan, layer - 1, shown);
    belowRowBytes = <usize>layerWord(plan, layer - 1, STRIDE) << 2;
    belowWeights = layerPointer(plan, layer - 1, WEIGHTS_TO_ABOVE);
  }
  let aboveCount: usize = 0;
  let above: usize = 0;
  let aboveRowBytes: usize = 0;
  let aboveWeights: usize = 0;
  if (!isOutput && !zeros) {
    aboveCount = layerWord(plan, layer + 1, SIZE);
    above = scratch(plan, layer + 1, shown);
    aboveRowBytes = <usize>layerWord(plan, layer + 1, STRIDE) << 2;
    aboveWeights = layerPointer(plan, layer, WEIGHTS_FROM_ABOVE);
  }

  let column: i32 = 0;
  for (; column + 8 <= stride; column += 8) {
    const at = <usize>column << 2;
    const start = constant + at;
    let s00 = v128.load(start);
    let s01 = v128.load(start, 16);
    let s10 = v128.load(start + constantRowBytes);
    let s11 = v128.load(start + constantRowBytes, 16);
    let s20 = v128.load(start + 2 * constantRowBytes);
    let s21 = v128.load(start + 2 * constantRowBytes, 16);
    let s30 = v128.load(start + 3 * constantRowBytes);
    let s31 = v128.load(start + 3 * constantRowBytes, 16);
    for (let side = 0; side < 2; side++) {
      const count = side == 0 ? belowCount : aboveCount;
      if (count == 0) continue;
      const sourceRowBytes = side == 0 ? belowRowBytes : aboveRowBytes;
      let source0 = side == 0 ? below : above;
      let source1 = source0 + sourceRowBytes;
      let source2 = source1 + sourceRowBytes;
      let source3 = source2 + sourceRowBytes;
      let weights = (side == 0 ? belowWeights : aboveWeights) + at;
      const end = source0 + (count << 2);
      while (source0 < end) {
        const w0 = v128.load(weights);
        const w1 = v128.load(weights, 16);
        const x0 = v128.load_splat<f32>(source0);
        s00 = f32x4.add(s00, f32x4.mul(x0, w0));
        s01 = f32x4.add(s01, f32x4.mul(x0, w1));
        const x1 = v128.load_splat<f32>(source1);
        s10 = f32x4.add(s10, f32x4.mul(x1, w0));
        s11 = f32x4.add(s11, f32x4.mul(x1, w1));
        const x2 = v128.load_splat<f32>(source2);
        s20 = f32x4.add(s20, f32x4.mul(x2, w0));
        s21 = f32x4.add(s21, f32x4.mul(x2, w1));
        const x3 = v128.load_splat<f32>(source3);
        s30 = f32x4.add(s30, f32x4.mul(x3, w0));
        s31 = f32x4.add(s31, f32x4.mul(x3, w1));
        weights += rowBytes;
        source0 += 4;
        source1 += 4;
        source2 += 4;
        source3 += 4;
      }
    }
    advance(s00, at, states, nextStates, emitted, nextEmitted, labels);
    advance(s01, at + 16, states, nextStates, emitted, nextEmitted, labels);
    advance(s10, at + rowBytes, states, nextStates, emitted, nextEmitted, labels);
    advance(s11, at + rowBytes + 16, states, nextStates, emitted, nextEmitted, labels);
    advance(s20, at + 2 * rowBytes, states, nextStates, emitted, nextEmitted, labels);
    advance(s21, at + 2 * rowBytes + 16, states, nextStates, emitted, nextEmitted, labels);
    advance(s30, at + 3 * rowBytes, states, nextStates, emitted, nextEmitted, labels);
    advance(s31, at + 3 * rowBytes + 16, states, nextStates, emitted, nextEmitted, labels);
  }
  for (; column < stride; column += 4) {
    const at = <usize>column << 2;
    const start = constant + at;
    let s0 = v128.load(start);
    let s1 = v128.load(start + constantRowBytes);
    let s2 = v128.load(start + 2 * constantRowBytes);
    let s3 = v128.load(start + 3 * constantRowBytes);
    for (let side = 0; side < 2; side++) {
      const count = side == 0 ? belowCount : aboveCount;
      const sourceRowBytes = side == 0 ? belowRowBytes : aboveRowBytes;
      const source = side == 0 ? below : above;
      let weights = (side == 0 ? belowWeights : aboveWeights) + at;
      for (let i: usize = 0; i < count; i++) {
        const w = v128.load(weights);
        const x = source + (i << 2);
        s0 = f32x4.add(s0, f32x4.mul(v128.load_splat<f32>(x), w));
        s1 = f32x4.add(s1, f32x4.mul(v128.load_splat<f32>(x + sourceRowBytes), w));
        s2 = f32x4.add(s2, f32x4.mul(v128.load_splat<f32>(x + 2 * sourceRowBytes), w));
        s3 = f32x4.add(s3, f32x4.mul(v128.load_splat<f32>(x + 3 * sourceRowBytes), w));
        weights += rowBytes;
      }
    }
    advance(s0, at, states, nextStates, emitted, nextEmitted, labels);
    advance(s1, at + rowBytes, states, nextStates, emitted, nextEmitted, labels);
    advance(s2, at + 2 * rowBytes, states, nextStates, emitted, nextEmitted, labels);
    advance(s3, at + 3 * rowBytes, states, nextStates, emitted, nextEmitted, labels);
  }
  clearPadding(nextStates, layerWord(plan, layer, SIZE), stride);
  if (nextEmitted != nextStates) clearPadding(nextEmitted, layerWord(plan, layer, SIZE), stride);
}

/** ρ(0) is not zero for every activation, and a padded unit that is not zero would reach the residual and the contrast. */
function clearPadding(rows: usize, size: i32, stride: i32): void {
  for (let sample = 0; sample < BLOCK_SAMPLES; sample++) {
    const row = rows + (<usize>(sample * stride) << 2);
    for (let unit = size; unit < stride; unit++) store<f32>(row + (<usize>unit << 2), 0);
  }
}
