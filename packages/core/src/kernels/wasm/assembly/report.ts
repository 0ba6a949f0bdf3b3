/** What a lane says of its part of a step or of a run, and what the parts of all lanes amount to. */
import { NO_LAYER } from './change';
import { lanes, ownReport, reportOf } from './meeting';

/** Bytes into a report. */
const CHANGE_BITS: usize = 0;
const STOPPED: usize = 4;
const UNKNOWN: usize = 8;
const BROKEN_STEP: usize = 12;
const BROKEN_LAYER: usize = 16;
const HIGHEST_LAYER: usize = 20;

/** No step. */
export const NO_STEP: i32 = 0x7fffffff;

export let changeBits: i32 = 0;
export let stopped: bool = false;
export let unknown: bool = false;
export let brokenStep: i32 = NO_STEP;
export let brokenLayer: i32 = NO_LAYER;
export let highestLayer: i32 = 0;

export function nothingToReport(): void {
  changeBits = 0;
  stopped = false;
  unknown = false;
  brokenStep = NO_STEP;
  brokenLayer = NO_LAYER;
  highestLayer = 0;
}

export function sayStopped(): void {
  stopped = true;
}

export function forgetStop(): void {
  stopped = false;
}

export function sayUnknown(): void {
  unknown = true;
}

/** A change in the last step of a block or of all rows. */
export function sayChange(bits: i32): void {
  if (bits > changeBits) changeBits = bits;
}

export function forgetChange(): void {
  changeBits = 0;
}

/** States of some rows became infinite or NaN in a step: the earliest counts, and the lowest layer in it. */
export function sayBroken(step: i32, layer: i32, highest: i32): void {
  if (step > brokenStep) return;
  if (step < brokenStep) {
    brokenLayer = NO_LAYER;
    highestLayer = 0;
  }
  brokenStep = step;
  if (layer < brokenLayer) brokenLayer = layer;
  if (highest > highestLayer) highestLayer = highest;
}

/** Where the other lanes can read it after a barrier. */
export function hand(turn: i32): void {
  const report = ownReport(turn);
  store<i32>(report + CHANGE_BITS, changeBits);
  store<i32>(report + STOPPED, <i32>stopped);
  store<i32>(report + UNKNOWN, <i32>unknown);
  store<i32>(report + BROKEN_STEP, brokenStep);
  store<i32>(report + BROKEN_LAYER, brokenLayer);
  store<i32>(report + HIGHEST_LAYER, highestLayer);
}

/** What all lanes have handed in. */
export function gather(turn: i32): void {
  nothingToReport();
  for (let lane = 0; lane < lanes; lane++) {
    const report = reportOf(lane, turn);
    sayChange(load<i32>(report + CHANGE_BITS));
    if (load<i32>(report + STOPPED) != 0) stopped = true;
    if (load<i32>(report + UNKNOWN) != 0) unknown = true;
    const step = load<i32>(report + BROKEN_STEP);
    if (step != NO_STEP) sayBroken(step, load<i32>(report + BROKEN_LAYER), load<i32>(report + HIGHEST_LAYER));
  }
}
