/**
 * Scenes: the tensors that a program meets, drawn from a seed, with guards around them that nobody may write and nobody may
 * let into a result. The same scene is laid out for any engine.
 */
import { type RandomStream, randomStream } from '../../../tensor/random.ts';
import { GRAIN, PANEL } from '../words.ts';

export interface Tensor {
  readonly kind: 'entries' | 'integers';
  /** All that is laid out, the guards included; float32 values. */
  readonly values: Float64Array;
  readonly stride: number;
  /** Whether the program is to write the entry at this place of `values`. */
  isWritten(place: number): boolean;
  /** Whether it may write there what it likes. */
  isScratch?(place: number): boolean;
}

/** Guard entries before a tensor: 64 bytes of the smallest type, so that what follows is as aligned as an arena has it. */
export const GUARD = 16;

export interface SceneSettings {
  readonly seed: number;
  /** In every entry that is no operand: NaN shows who reads it, a number who writes it. */
  readonly guard: number;
  /** Puts one of these into every second tensor. */
  readonly specials: readonly number[];
}

/** NaN, infinities, zero with a sign, numbers below the normal ones of float32. */
export const SPECIALS = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e-40, -3e-42].map(
  Math.fround,
);

export interface Shape {
  readonly rows: number;
  readonly columns: number;
  /** Entries from row to row; absent: one that pads the columns. */
  readonly stride?: number;
  /** Columns of every row that the program writes; absent: none. */
  readonly written?: number;
  /** Rows that the program writes; absent: all. */
  readonly writtenRows?: number;
  /** Entry `k` of those drawn; absent: uniform between −1 and 1. */
  draw?(stream: RandomStream, k: number): number;
}

export interface Scene {
  readonly tensors: readonly Tensor[];
  /** For choices. */
  readonly stream: RandomStream;
  readonly specials: readonly number[];
  rows(shape: Shape): Tensor;
  /** Numbers one behind the other. */
  vector(length: number, shape?: Omit<Shape, 'rows' | 'columns'>): Tensor;
  /** [⌊columns / 64⌋][depth][64]. */
  panels(depth: number, columns: number, written?: boolean): Tensor;
  integers(shape: Shape): Tensor;
  /** Puts a tensor in the place of another; returns it. */
  replace(tensor: Tensor, other: Tensor): Tensor;
  /** Lists of what is not zero in rows that are `width` wide, some of them empty. */
  lists(rows: number, width: number): DrawnLists;
  /** Lists to be written, of rows of at most `stride` entries. */
  emptyLists(entries: readonly (readonly number[])[], stride: number): DrawnLists;
}

export interface DrawnLists {
  readonly count: Tensor;
  readonly index: Tensor;
  readonly value: Tensor;
}

const uniform = (stream: RandomStream, k: number) => Math.fround(2 * stream.uniform(k) - 1);

export function createScene({ seed, guard, specials }: SceneSettings): Scene {
  const tensors: Tensor[] = [];
  const root = randomStream(seed, 'scene');
  const own = () => root.split(tensors.length);
  const keep = (tensor: Tensor): Tensor => {
    tensors.push(tensor);
    return tensor;
  };

  const rows = (kind: Tensor['kind'], shape: Shape): Tensor => {
    const stream = own();
    const columns = shape.columns;
    const stride = shape.stride ?? padded(columns) + GRAIN * Math.floor(3 * stream.split('stride').uniform(0));
    // Room for rows up to a multiple of 16, and guards behind them.
    const values = new Float64Array(GUARD + padded(shape.rows) * Math.max(stride, 1) + padded(columns) + GUARD);
    values.fill(kind === 'entries' ? guard : 7_777);
    for (let r = 0; r < shape.rows; r++) {
      for (let c = 0; c < columns; c++) {
        const k = r * columns + c;
        values[GUARD + r * stride + c] = (shape.draw ?? uniform)(stream, k);
      }
    }
    const special = stream.split('special');
    if (kind === 'entries' && specials.length > 0 && special.uniform(0) < 0.5 && columns > 0) {
      const r = Math.floor(shape.rows * special.uniform(1));
      const c = Math.floor(columns * special.uniform(2));
      values[GUARD + r * stride + c] = specials[Math.floor(specials.length * special.uniform(3))];
    }
    const written = shape.written ?? 0;
    const writtenRows = shape.writtenRows ?? shape.rows;
    return keep({
      kind,
      values,
      stride,
      isWritten(place) {
        const entry = place - GUARD;
        if (entry < 0 || written === 0) return false;
        if (stride === 0) return entry < written;
        return Math.floor(entry / stride) < writtenRows && entry % stride < written;
      },
    });
  };

  const scene: Scene = {
    tensors,
    stream: root.split('choices'),
    specials,
    rows: (shape) => rows('entries', shape),
    vector: (length, shape = {}) => rows('entries', { ...shape, rows: 1, columns: length }),
    panels(depth, columns, written = false) {
      const stream = own();
      const panels = Math.ceil(columns / PANEL);
      const values = new Float64Array(GUARD + panels * depth * PANEL + GUARD).fill(guard);
      const isInside = (entry: number) =>
        entry >= 0 &&
        entry < panels * depth * PANEL &&
        Math.floor(entry / (depth * PANEL)) * PANEL + (entry % PANEL) < columns;
      for (let entry = 0; entry < panels * depth * PANEL; entry++) {
        if (isInside(entry)) values[GUARD + entry] = uniform(stream, entry);
      }
      const special = stream.split('special');
      if (specials.length > 0 && special.uniform(0) < 0.5) {
        // Column 0 of some row of the first panel.
        const k = Math.floor(depth * special.uniform(1));
        values[GUARD + k * PANEL] = specials[Math.floor(specials.length * special.uniform(2))];
      }
      return keep({ kind: 'entries', values, stride: PANEL, isWritten: (place) => written && isInside(place - GUARD) });
    },
    integers: (shape) => rows('integers', shape),
    replace(tensor, other) {
      tensors[tensors.indexOf(tensor)] = other;
      return other;
    },
    lists(count, width) {
      const chance = root.split('lists').split(tensors.length);
      const entries = Array.from({ length: count }, (_, r) => {
        // A fifth of the rows are empty, others take between some and all.
        const share = 1.25 * chance.split(r).uniform(0) - 0.25;
        return Array.from({ length: width }, (_, i) => i).filter((i) => chance.split(r).uniform(i + 1) < share);
      });
      return lists(entries, width, false);
    },
    emptyLists: (entries, stride) => lists(entries, stride, true),
  };

  function lists(entries: readonly (readonly number[])[], stride: number, written: boolean): DrawnLists {
    const longest = Math.max(1, stride);
    const lengths = entries.map(({ length }) => length);
    const only = (tensor: Tensor): Tensor => {
      const rowOf = (place: number) => Math.floor((place - GUARD) / tensor.stride);
      const isOfLists = (place: number) => place >= GUARD && rowOf(place) < lengths.length;
      const isListed = (place: number) => isOfLists(place) && (place - GUARD) % tensor.stride < lengths[rowOf(place)];
      const outside = tensor.kind === 'entries' ? guard : 7_777;
      tensor.values.forEach((_, place) => {
        if (!isListed(place)) tensor.values[place] = outside;
      });
      return scene.replace(tensor, {
        ...tensor,
        isWritten: (place) => written && isListed(place),
        // What lies behind a list is not read by anybody.
        isScratch: (place) => written && isOfLists(place),
      });
    };
    const shape = { rows: entries.length, columns: longest };
    const count = scene.integers({
      rows: 1,
      columns: entries.length,
      written: written ? entries.length : 0,
      draw: (_, r) => (written ? 99 : lengths[r]),
    });
    const index = scene.integers({
      ...shape,
      stride: padded(longest),
      draw: (_, k) => (written ? 99 : (entries[Math.floor(k / longest)][k % longest] ?? 0)),
    });
    const value = scene.rows({ ...shape, stride: padded(longest) });
    return { count, index: only(index), value: only(value) };
  }
  return scene;
}

export function padded(columns: number): number {
  return Math.ceil(columns / GRAIN) * GRAIN;
}

/** The same scene with every number's size instead of it: what a sum of it comes to bounds the sum's rounding. */
export function sizesOf(values: Float64Array): Float64Array {
  return values.map(Math.abs);
}
