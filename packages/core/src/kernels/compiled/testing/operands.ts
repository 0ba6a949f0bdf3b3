/** The operands of one operation as they lie in an arena, read and written entry by entry. */
import * as word from '../words.ts';

/** An arena's memory as a program sees it; entries are of the engine's element type. */
export interface ArenaViews {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly entries: Float32Array | Float64Array;
}

export interface Grid {
  get(row: number, column: number): number;
  /** Rounds to the element type. */
  set(row: number, column: number, value: number): void;
}

export interface Operands {
  readonly code: number;
  /** To the element type. */
  round(value: number): number;
  /** An int32 word. */
  word(position: number): number;
  /** A float64 number. */
  number(position: number): number;
  /** Whether there is a pointer. */
  has(position: number): boolean;
  /** Rows whose pointer is at `position`, their stride behind it. Throws where there are none. */
  rows(position: number): Grid;
  /** The same for rows that may be left out, which are zeros then. */
  rowsOrZeros(position: number): Grid;
  /** Rows with a stride that is not the next word. */
  rowsApart(position: number, stride: number): Grid;
  /** Panels of `depth` rows: entry (k, c) is W[⌊c / 64⌋][k][c mod 64]. */
  panels(position: number, depth: number): Grid;
  /** Numbers one behind the other are row 0; ones where they are left out. */
  gains(position: number): Grid;
  /** int32 rows. */
  integers(position: number, stride: number): Grid;
}

export function viewArena(buffer: SharedArrayBuffer, elementType: 'float32' | 'float64'): ArenaViews {
  return {
    words: new Int32Array(buffer),
    doubles: new Float64Array(buffer),
    entries: elementType === 'float32' ? new Float32Array(buffer) : new Float64Array(buffer),
  };
}

/** The operation at byte `pointer`. */
export function operandsAt(views: ArenaViews, pointer: number): Operands {
  const { words, doubles, entries } = views;
  const start = pointer / words.BYTES_PER_ELEMENT;
  const wordAt = (position: number) => words[start + position];

  const grid = (
    memory: Int32Array | Float32Array | Float64Array,
    position: number,
    place: (row: number, column: number) => number,
  ): Grid => {
    const address = addressIn(wordAt(position));
    if (address === 0) throw new Error(`operation ${wordAt(word.CODE)} lacks the operand at word ${position}`);
    const first = address / memory.BYTES_PER_ELEMENT;
    return {
      get: (row, column) => memory[first + place(row, column)],
      set(row, column, value) {
        memory[first + place(row, column)] = value;
      },
    };
  };
  const rowsApart = (position: number, stride: number) =>
    grid(entries, position, (row, column) => row * stride + column);
  const rows = (position: number) => rowsApart(position, wordAt(position + 1));
  const has = (position: number) => wordAt(position) !== 0;

  return {
    code: wordAt(word.CODE),
    round: entries instanceof Float32Array ? Math.fround : (value) => value,
    word: wordAt,
    number: (position) => doubles[(start + position) / 2],
    has,
    rows,
    rowsOrZeros: (position) => (has(position) ? rows(position) : constant(0)),
    rowsApart,
    panels: (position, depth) =>
      grid(
        entries,
        position,
        (k, column) => (Math.floor(column / word.PANEL) * depth + k) * word.PANEL + (column % word.PANEL),
      ),
    gains: (position) => (has(position) ? rowsApart(position, 0) : constant(1)),
    integers: (position, stride) => grid(words, position, (row, column) => row * stride + column),
  };
}

/** Words are signed, addresses are not: an arena may be larger than 2 GiB. */
export function addressIn(int32: number): number {
  return int32 >>> 0;
}

function constant(value: number): Grid {
  return {
    get: () => value,
    set() {
      throw new Error('an operand that is left out cannot be written');
    },
  };
}
