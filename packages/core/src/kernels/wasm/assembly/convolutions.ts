/**
 * Maps of convolutions: in and out of padding, pooled, and back through pooling and convolution.
 *
 * A map lies position by position, its channels side by side. Neighbouring taps of a kernel then read neighbouring entries,
 * and are taken as one run. Sums over a list are one chain from zero, which is added to what is there: of UNCONVOLVE the
 * channels above at one position, of CONVOLVE_OUTER one sample's positions, 2048 at a time.
 */
import {
  A,
  AREA,
  AVERAGE,
  B,
  C,
  COLUMNS,
  D_STRIDE,
  DEPTH,
  FIRST,
  INDEX,
  INIT,
  KIND,
  MAX,
  OUT,
  POSITION_OFFSETS,
  POSITIONS,
  TAP_OFFSETS,
  TAPS,
  WEIGHTS,
} from '../../compiled/words';
import { exponential } from './activation-functions';
import { ownScratch } from './meeting';
import { entryAt, numberOf, plusProduct, pointerOf, rowAfter, rowBytesOf, rowOf, tapsInRun, wordOf } from './operands';

/** An entry of a list in scratch: an address and a factor. */
const ENTRY_BYTES: usize = 8;
const LIST_BYTES: usize = 2048 * ENTRY_BYTES;

// @ts-ignore: decorator
@inline
function copy(from: usize, into: usize, init: usize, bytes: usize): void {
  let at: usize = 0;
  if (init == 0) {
    for (; at + 16 <= bytes; at += 16) v128.store(into + at, v128.load(from + at));
    for (; at < bytes; at += 4) store<f32>(into + at, load<f32>(from + at));
  } else {
    for (; at + 16 <= bytes; at += 16) v128.store(into + at, f32x4.add(v128.load(init + at), v128.load(from + at)));
    for (; at < bytes; at += 4) store<f32>(into + at, load<f32>(init + at) + load<f32>(from + at));
  }
}

export function place(operation: usize, rowFirst: i32, rowEnd: i32): void {
  const positions = wordOf(operation, POSITIONS);
  const offsets = pointerOf(operation, POSITION_OFFSETS);
  const bytes = (<usize>wordOf(operation, COLUMNS)) << 2;
  for (let row = rowFirst; row < rowEnd; row++) {
    let from = rowOf(operation, A, row);
    const out = rowOf(operation, OUT, row);
    for (let position = 0; position < positions; position++) {
      copy(from, out + entryAt(offsets, position), 0, bytes);
      from += bytes;
    }
  }
}

export function pick(operation: usize, rowFirst: i32, rowEnd: i32): void {
  const positions = wordOf(operation, POSITIONS);
  const offsets = pointerOf(operation, POSITION_OFFSETS);
  const bytes = (<usize>wordOf(operation, COLUMNS)) << 2;
  for (let row = rowFirst; row < rowEnd; row++) {
    const a = rowOf(operation, A, row);
    let init = rowOf(operation, INIT, row);
    let out = rowOf(operation, OUT, row);
    for (let position = 0; position < positions; position++) {
      copy(a + entryAt(offsets, position), out, init, bytes);
      out += bytes;
      init = rowAfter(init, bytes);
    }
  }
}

/** What a pooling gives of four channels of the window whose positions `index` lists, and what it has to remember. */
// @ts-ignore: decorator
@inline
function pooled(kind: i32, map: usize, channelBytes: usize, index: usize, area: i32, chosen: usize, memory: usize): v128 {
  let best = v128.load(map + <usize>load<i32>(index) * channelBytes);
  if (kind == AVERAGE) {
    for (let k = 1; k < area; k++) {
      best = f32x4.add(best, v128.load(map + <usize>load<i32>(index + ((<usize>k) << 2)) * channelBytes));
    }
    return area == 1 ? best : f32x4.div(best, f32x4.splat(<f32>area));
  }
  let where = i32x4.splat(load<i32>(index));
  for (let k = 1; k < area; k++) {
    const position = load<i32>(index + ((<usize>k) << 2));
    const z = v128.load(map + <usize>position * channelBytes);
    const larger = f32x4.gt(z, best);
    best = v128.bitselect(z, best, larger);
    where = v128.bitselect(i32x4.splat(position), where, larger);
  }
  if (kind == MAX) {
    if (chosen != 0) v128.store(chosen, where);
    return best;
  }
  let weights = f32x4.splat(0.0);
  let sum = f32x4.splat(0.0);
  for (let k = 0; k < area; k++) {
    const z = v128.load(map + <usize>load<i32>(index + ((<usize>k) << 2)) * channelBytes);
    const weight = exponential(f32x4.sub(z, best));
    weights = f32x4.add(weights, weight);
    sum = plusProduct(sum, weight, z);
  }
  const mean = f32x4.div(sum, weights);
  if (memory == 0) return mean;
  for (let k = 0; k < area; k++) {
    const position = <usize>load<i32>(index + ((<usize>k) << 2)) * channelBytes;
    const z = v128.load(map + position);
    const share = f32x4.div(exponential(f32x4.sub(z, best)), weights);
    v128.store(memory + position, f32x4.mul(share, f32x4.add(f32x4.splat(1.0), f32x4.sub(z, mean))));
  }
  return mean;
}

export function pool(operation: usize, rowFirst: i32, rowEnd: i32): void {
  const kind = wordOf(operation, KIND);
  const area = wordOf(operation, AREA);
  const windows = wordOf(operation, POSITIONS);
  const channelBytes = (<usize>wordOf(operation, COLUMNS)) << 2;
  for (let row = rowFirst; row < rowEnd; row++) {
    const a = rowOf(operation, A, row);
    const memory = rowOf(operation, C, row);
    const init = rowOf(operation, INIT, row);
    const out = rowOf(operation, OUT, row);
    let index = pointerOf(operation, INDEX);
    let at: usize = 0;
    for (let window = 0; window < windows; window++) {
      for (let channel: usize = 0; channel < channelBytes; channel += 16) {
        const chosen = rowAfter(memory, at);
        const derivatives = rowAfter(memory, channel);
        let value = pooled(kind, a + channel, channelBytes, index, area, chosen, derivatives);
        if (init != 0) value = f32x4.add(v128.load(init + at), value);
        v128.store(out + at, value);
        at += 16;
      }
      index += (<usize>area) << 2;
    }
  }
}

// @ts-ignore: decorator
@inline
function addTo(target: usize, sum: v128): void {
  v128.store(target, f32x4.add(v128.load(target), sum));
}

/** target[i] += Σ_e factor[e] · entries at address[e] + `offset`, for `bytes` of i. */
function addListed(target: usize, list: usize, end: usize, offset: usize, bytes: usize): void {
  const last = target + bytes;
  for (; target + 128 <= last; target += 128) {
    let s0 = f32x4.splat(0.0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let s4 = s0;
    let s5 = s0;
    let s6 = s0;
    let s7 = s0;
    for (let entry = list; entry < end; entry += ENTRY_BYTES) {
      const from = <usize>load<u32>(entry) + offset;
      const x = v128.load_splat<f32>(entry, 4);
      s0 = plusProduct(s0, x, v128.load(from));
      s1 = plusProduct(s1, x, v128.load(from, 16));
      s2 = plusProduct(s2, x, v128.load(from, 32));
      s3 = plusProduct(s3, x, v128.load(from, 48));
      s4 = plusProduct(s4, x, v128.load(from, 64));
      s5 = plusProduct(s5, x, v128.load(from, 80));
      s6 = plusProduct(s6, x, v128.load(from, 96));
      s7 = plusProduct(s7, x, v128.load(from, 112));
    }
    addTo(target, s0);
    addTo(target + 16, s1);
    addTo(target + 32, s2);
    addTo(target + 48, s3);
    addTo(target + 64, s4);
    addTo(target + 80, s5);
    addTo(target + 96, s6);
    addTo(target + 112, s7);
    offset += 128;
  }
  for (; target + 64 <= last; target += 64) {
    let s0 = f32x4.splat(0.0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let entry = list; entry < end; entry += ENTRY_BYTES) {
      const from = <usize>load<u32>(entry) + offset;
      const x = v128.load_splat<f32>(entry, 4);
      s0 = plusProduct(s0, x, v128.load(from));
      s1 = plusProduct(s1, x, v128.load(from, 16));
      s2 = plusProduct(s2, x, v128.load(from, 32));
      s3 = plusProduct(s3, x, v128.load(from, 48));
    }
    addTo(target, s0);
    addTo(target + 16, s1);
    addTo(target + 32, s2);
    addTo(target + 48, s3);
    offset += 64;
  }
  for (; target + 16 <= last; target += 16) {
    let sum = f32x4.splat(0.0);
    for (let entry = list; entry < end; entry += ENTRY_BYTES) {
      sum = plusProduct(sum, v128.load_splat<f32>(entry, 4), v128.load(<usize>load<u32>(entry) + offset));
    }
    addTo(target, sum);
    offset += 16;
  }
  for (; target < last; target += 4) {
    let sum: f32 = 0;
    for (let entry = list; entry < end; entry += ENTRY_BYTES) {
      sum += load<f32>(entry, 4) * load<f32>(<usize>load<u32>(entry) + offset);
    }
    store<f32>(target, load<f32>(target) + sum);
    offset += 4;
  }
}

/**
 * above · ∂P/∂z of channel `channel` (in bytes) at a position, for the window that remembers at `chosen` what it took. What
 * was not chosen gets nothing, however large the layer above is.
 */
// @ts-ignore: decorator
@inline
function throughPooling(
  above: f32,
  kind: i32,
  share: f32,
  memory: usize,
  chosen: usize,
  position: i32,
  channelBytes: usize,
  channel: usize,
): f32 {
  if (kind == AVERAGE) return above * share;
  if (kind == MAX) return load<i32>(chosen + channel) == position ? above : 0;
  return above * load<f32>(memory + <usize>position * channelBytes + channel);
}

export function unconvolve(operation: usize, rowFirst: i32, rowEnd: i32): void {
  const kind = wordOf(operation, KIND);
  const area = wordOf(operation, AREA);
  const windows = wordOf(operation, POSITIONS);
  const channelBytes = (<usize>wordOf(operation, COLUMNS)) << 2;
  const positionOffsets = pointerOf(operation, POSITION_OFFSETS);
  const taps = wordOf(operation, TAPS);
  const tapOffsets = pointerOf(operation, TAP_OFFSETS);
  const channels = wordOf(operation, DEPTH);
  const weights = pointerOf(operation, WEIGHTS);
  const weightBytes = (<usize>wordOf(operation, D_STRIDE)) << 2;
  const share: f32 = 1 / <f32>area;
  const list = ownScratch();
  for (let row = rowFirst; row < rowEnd; row++) {
    let a = rowOf(operation, A, row);
    const memory = rowOf(operation, C, row);
    const out = rowOf(operation, OUT, row);
    let chosen = memory;
    let index = pointerOf(operation, INDEX);
    for (let window = 0; window < windows; window++) {
      for (let k = 0; k < area; k++) {
        const position = load<i32>(index);
        index += 4;
        const target = out + entryAt(positionOffsets, position);
        let channel: usize = 0;
        while (channel < channelBytes) {
          let end = list;
          for (; channel < channelBytes && end < list + LIST_BYTES; channel += 4) {
            const above = load<f32>(a + channel);
            const factor = throughPooling(above, kind, share, memory, chosen, position, channelBytes, channel);
            store<u32>(end, <u32>(weights + (channel >> 2) * weightBytes));
            store<f32>(end, factor, 4);
            end += factor != 0 ? ENTRY_BYTES : 0;
          }
          if (end == list) continue;
          for (let tap = 0; tap < taps; ) {
            const run = tapsInRun(tapOffsets, taps, tap, channels);
            const offset = (<usize>(tap * channels)) << 2;
            addListed(target + entryAt(tapOffsets, tap), list, end, offset, (<usize>(run * channels)) << 2);
            tap += run;
          }
        }
      }
      a += channelBytes;
      chosen += channelBytes;
    }
  }
}

/** Weights of the units above from `first` to `end`. */
export function convolveOuter(operation: usize, rows: i32, first: i32, end: i32): void {
  const kind = wordOf(operation, KIND);
  const area = wordOf(operation, AREA);
  const windows = wordOf(operation, POSITIONS);
  const channelBytes = (<usize>wordOf(operation, COLUMNS)) << 2;
  const positionOffsets = pointerOf(operation, POSITION_OFFSETS);
  const taps = wordOf(operation, TAPS);
  const tapOffsets = pointerOf(operation, TAP_OFFSETS);
  const channels = wordOf(operation, DEPTH);
  const weightBytes = rowBytesOf(operation, D_STRIDE - 1);
  const share: f32 = 1 / <f32>area;
  const x = numberOf(operation, FIRST);
  const list = ownScratch();
  for (let row = 0; row < rows; row++) {
    const below = rowOf(operation, B, row);
    const memory = rowOf(operation, C, row);
    for (let unit = first; unit < end; unit++) {
      const channel = (<usize>unit) << 2;
      const target = pointerOf(operation, WEIGHTS) + <usize>unit * weightBytes;
      let a = rowOf(operation, A, row) + channel;
      let chosen = memory;
      let index = pointerOf(operation, INDEX);
      let window = 0;
      while (window < windows) {
        let last = list;
        for (; window < windows && last + (<usize>area) * ENTRY_BYTES <= list + LIST_BYTES; window++) {
          const above = x * load<f32>(a);
          for (let k = 0; k < area; k++) {
            const position = load<i32>(index);
            index += 4;
            const factor = throughPooling(above, kind, share, memory, chosen, position, channelBytes, channel);
            store<u32>(last, <u32>(below + entryAt(positionOffsets, position)));
            store<f32>(last, factor, 4);
            last += factor != 0 ? ENTRY_BYTES : 0;
          }
          a += channelBytes;
          chosen += channelBytes;
        }
        if (last == list) continue;
        for (let tap = 0; tap < taps; ) {
          const run = tapsInRun(tapOffsets, taps, tap, channels);
          const into = target + ((<usize>(tap * channels)) << 2);
          addListed(into, list, last, entryAt(tapOffsets, tap), (<usize>(run * channels)) << 2);
          tap += run;
        }
      }
    }
  }
}
