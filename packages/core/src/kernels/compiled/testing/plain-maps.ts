/** What the operations of convolutions compute, on maps of [positions, channels]. */
import * as word from '../words.ts';
import type { Grid, Operands } from './operands.ts';
import type { RowOperation, RowRange } from './plain-operation.ts';

export const MAP_OPERATIONS: readonly (readonly [number, RowOperation])[] = [
  [word.PLACE, place],
  [word.PICK, pick],
  [word.CONVOLVE, convolve],
  [word.POOL, pool],
  [word.UNCONVOLVE, unconvolve],
  [word.CONVOLVE_OUTER, convolveOuter],
];

/** The k-th entry of an int32 table. */
function table(operands: Operands, position: number): (k: number) => number {
  const entries = operands.integers(position, 0);
  return (k) => entries.get(0, k);
}

function place(operands: Operands, { first, end }: RowRange): void {
  const a = operands.rows(word.A);
  const out = operands.rows(word.OUT);
  const offset = table(operands, word.POSITION_OFFSETS);
  const channels = operands.word(word.COLUMNS);
  for (let r = first; r < end; r++) {
    for (let p = 0; p < operands.word(word.POSITIONS); p++) {
      for (let c = 0; c < channels; c++) out.set(r, offset(p) + c, a.get(r, p * channels + c));
    }
  }
}

function pick(operands: Operands, { first, end }: RowRange): void {
  const a = operands.rows(word.A);
  const init = operands.rowsOrZeros(word.INIT);
  const out = operands.rows(word.OUT);
  const offset = table(operands, word.POSITION_OFFSETS);
  const channels = operands.word(word.COLUMNS);
  for (let r = first; r < end; r++) {
    for (let p = 0; p < operands.word(word.POSITIONS); p++) {
      for (let c = 0; c < channels; c++) {
        const at = p * channels + c;
        out.set(r, at, init.get(r, at) + a.get(r, offset(p) + c));
      }
    }
  }
}

function convolve(operands: Operands, { first, end }: RowRange): void {
  const a = operands.rows(word.A);
  const init = operands.rowsOrZeros(word.INIT);
  const out = operands.rows(word.OUT);
  const position = table(operands, word.POSITION_OFFSETS);
  const tap = table(operands, word.TAP_OFFSETS);
  const taps = operands.word(word.TAPS);
  const channels = operands.word(word.DEPTH);
  const columns = operands.word(word.COLUMNS);
  const weights = operands.panels(word.WEIGHTS, taps * channels);
  for (let r = first; r < end; r++) {
    for (let p = 0; p < operands.word(word.POSITIONS); p++) {
      for (let c = 0; c < columns; c++) {
        let sum = init.get(r, p * columns + c);
        for (let t = 0; t < taps; t++) {
          for (let i = 0; i < channels; i++) {
            sum += a.get(r, position(p) + tap(t) + i) * weights.get(t * channels + i, c);
          }
        }
        out.set(r, p * columns + c, sum);
      }
    }
  }
}

function pool(operands: Operands, { first, end }: RowRange): void {
  const a = operands.rows(word.A);
  const init = operands.rowsOrZeros(word.INIT);
  const out = operands.rows(word.OUT);
  const kind = operands.word(word.KIND);
  const area = operands.word(word.AREA);
  const channels = operands.word(word.COLUMNS);
  const index = operands.integers(word.INDEX, area);
  const memory = memoryOf(operands);
  for (let r = first; r < end; r++) {
    for (let q = 0; q < operands.word(word.POSITIONS); q++) {
      const window = Array.from({ length: area }, (_, k) => index.get(q, k));
      for (let c = 0; c < channels; c++) {
        const z = window.map((p) => a.get(r, p * channels + c));
        const at = q * channels + c;
        const { pooled, remembered } = pooling(kind, z);
        out.set(r, at, init.get(r, at) + pooled);
        if (kind === word.MAX) memory?.set(r, at, window[remembered[0]]);
        if (kind === word.SOFT) {
          for (const [k, p] of window.entries()) memory?.set(r, p * channels + c, remembered[k]);
        }
      }
    }
  }
}

/** MAX remembers the number of the first largest, SOFT the derivatives. */
function pooling(kind: number, z: readonly number[]): { pooled: number; remembered: readonly number[] } {
  const largest = z.reduce((best, value, k) => (value > z[best] ? k : best), 0);
  switch (kind) {
    case word.MAX:
      return { pooled: z[largest], remembered: [largest] };
    case word.AVERAGE:
      return { pooled: z.reduce((sum, value) => sum + value, 0) / z.length, remembered: [] };
    case word.SOFT: {
      const sizes = z.map((value) => Math.exp(value - z[largest]));
      const sum = sizes.reduce((partial, size) => partial + size, 0);
      const shares = sizes.map((size) => size / sum);
      const pooled = shares.reduce((partial, share, k) => partial + share * z[k], 0);
      return { pooled, remembered: shares.map((share, k) => share * (1 + z[k] - pooled)) };
    }
    default:
      throw new Error(`no pooling has the kind ${kind}`);
  }
}

/** [row, …]: positions chosen, or derivatives; an average remembers nothing. */
function memoryOf(operands: Operands): Grid | undefined {
  if (!operands.has(word.C)) return undefined;
  return operands.word(word.KIND) === word.MAX
    ? operands.integers(word.C, operands.word(word.C_STRIDE))
    : operands.rows(word.C);
}

type Visit = (channel: number, position: number, slope: number) => void;

/**
 * Visits every J[p, c] = factor · a[r][q, c] · ∂P_q/∂z_p of a row, q, then p within its window, then c ascending; those that
 * are zero are left out.
 */
function eachSlope(operands: Operands, row: number, factor: number, visit: Visit): void {
  const a = operands.rows(word.A);
  const kind = operands.word(word.KIND);
  const area = operands.word(word.AREA);
  const channels = operands.word(word.COLUMNS);
  const index = operands.integers(word.INDEX, area);
  const memory = memoryOf(operands);
  const derivative = (q: number, p: number, c: number): number | undefined => {
    if (kind === word.AVERAGE) return 1 / area;
    if (memory === undefined) throw new Error('this pooling needs what it remembered');
    // Infinity at a position that was not chosen must not be multiplied by 0.
    if (kind === word.MAX) return memory.get(row, q * channels + c) === p ? 1 : undefined;
    return memory.get(row, p * channels + c);
  };
  for (let q = 0; q < operands.word(word.POSITIONS); q++) {
    for (let k = 0; k < area; k++) {
      const p = index.get(q, k);
      for (let c = 0; c < channels; c++) {
        const inner = derivative(q, p, c);
        if (inner === undefined) continue;
        const slope = factor * a.get(row, q * channels + c) * inner;
        if (slope !== 0) visit(c, p, slope);
      }
    }
  }
}

/** Calls `touch` for every weight of a channel at a position: its number within the channel, and the entry below. */
function eachTap(operands: Operands, position: number, touch: (weight: number, below: number) => void): void {
  const channels = operands.word(word.DEPTH);
  const positionOffset = table(operands, word.POSITION_OFFSETS);
  const tapOffset = table(operands, word.TAP_OFFSETS);
  for (let t = 0; t < operands.word(word.TAPS); t++) {
    for (let i = 0; i < channels; i++) touch(t * channels + i, positionOffset(position) + tapOffset(t) + i);
  }
}

function unconvolve(operands: Operands, { first, end }: RowRange): void {
  const weights = operands.rowsApart(word.WEIGHTS, operands.word(word.D_STRIDE));
  const out = operands.rows(word.OUT);
  for (let r = first; r < end; r++) {
    const sums = new Map<number, number>();
    eachSlope(operands, r, 1, (c, p, slope) => {
      eachTap(operands, p, (weight, at) => {
        sums.set(at, (sums.get(at) ?? out.get(r, at)) + slope * weights.get(c, weight));
      });
    });
    for (const [at, sum] of sums) out.set(r, at, sum);
  }
}

function convolveOuter(operands: Operands, { first, end }: RowRange): void {
  const weights = operands.rowsApart(word.WEIGHTS, operands.word(word.D_STRIDE));
  const below = operands.rows(word.B);
  for (let r = first; r < end; r++) {
    const sums = new Map<number, number[]>();
    eachSlope(operands, r, operands.number(word.FIRST), (c, p, slope) => {
      const channel = sums.get(c) ?? new Array(operands.word(word.TAPS) * operands.word(word.DEPTH)).fill(0);
      eachTap(operands, p, (weight, at) => {
        channel[weight] += slope * below.get(r, at);
      });
      sums.set(c, channel);
    });
    for (const [c, channel] of sums) {
      for (const [weight, sum] of channel.entries()) weights.set(c, weight, weights.get(c, weight) + sum);
    }
  }
}
