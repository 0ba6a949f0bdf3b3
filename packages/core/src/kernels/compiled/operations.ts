/**
 * The operations that engines run, one function each: what it computes, and how it is written into words.
 *
 * A program is a list of operations on tensors of the arena. [r] is a row, one sample of the batch; rows of a tensor lie
 * `stride` entries apart (a stride of 0 shows one row to all samples), and an operation treats the first `columns` of each.
 * Every entry that an operation writes is computed by the same arithmetic in the same order however the work is shared, so
 * that lanes change no bit. Packed weights are panels W[⌊c / 64⌋][k][c mod 64] of `depth` rows k.
 *
 * Engines read float32 or float64 entries, all of one program alike. NaN and infinities go through as IEEE 754 has it.
 */
import {
  activated,
  type EngineActivation,
  numbers,
  type Operation,
  type Pointer,
  type Rows,
  rows,
  width,
} from './operation.ts';
import * as word from './words.ts';

/** out[r][c] = a[r][c] */
export function copyRows(a: Rows, out: Rows, columns: number): Operation {
  return { code: word.COPY, words: [...rows(word.A, a), ...rows(word.OUT, out), ...width(columns)], numbers: [] };
}

/** out[r][c] = value */
export function fillRows(out: Rows, columns: number, value: number): Operation {
  return { code: word.FILL, words: [...rows(word.OUT, out), ...width(columns)], numbers: numbers(value) };
}

/** out[r][c] = x · a[r][c] + y · b[r][c]; without b only the first. `out` may be `a` or `b`. */
export function combineRows(
  [x, a]: readonly [number, Rows],
  [y, b]: readonly [number, Rows] | readonly [0, undefined],
  out: Rows,
  columns: number,
): Operation {
  return {
    code: word.COMBINE,
    words: [...rows(word.A, a), ...rows(word.B, b), ...rows(word.OUT, out), ...width(columns)],
    numbers: numbers(x, y),
  };
}

interface ProductOperands {
  readonly a: Rows;
  /** Panels. */
  readonly weights: Pointer;
  readonly depth: number;
  /** A multiple of 16. */
  readonly columns: number;
  /** Undefined: zeros. May be `out`. */
  readonly init: Rows | undefined;
  /** One factor per column of `out`; undefined: ones. */
  readonly gain: Pointer | undefined;
  readonly out: Rows;
}

/**
 * out[r][c] = init[r][c] + gain[c] · Σ_k a[r][k] · W[⌊c / 64⌋][k][c mod 64],  k < depth ascending in one chain of
 * multiply-adds, which starts from init where there is no gain.
 */
export function product(operands: ProductOperands): Operation {
  return { code: word.PRODUCT, words: [...productWords(operands), ...width(operands.columns)], numbers: [] };
}

/**
 * The product with a thin layer, whose `depth` <= 16 units are the rows of the panels:
 * out[r][j] = init[r][j] + gain[j] · Σ_i a[r][i] · W[⌊i / 64⌋][j][i mod 64],  j < depth, i < columns, and 0 for depth <= j < 16.
 * i runs in several chains, which are added at the end.
 */
export function thinProduct(operands: ProductOperands): Operation {
  return {
    code: word.THIN_PRODUCT,
    words: [...productWords(operands), [word.COLUMNS, operands.columns], [word.SHARE, word.BY_ROWS]],
    numbers: [],
  };
}

function productWords({ a, weights, depth, init, gain, out }: ProductOperands): Operation['words'] {
  return [
    ...rows(word.A, a),
    ...rows(word.INIT, init),
    ...rows(word.OUT, out),
    [word.WEIGHTS, weights],
    [word.DEPTH, depth],
    [word.GAIN, gain ?? 0],
  ];
}

/** Non-zero entries by row: `count[r]` entries (int32), `index[r][e]` (int32, ascending), `value[r][e]`. */
export interface RowLists {
  readonly count: Pointer;
  readonly index: Pointer;
  readonly value: Pointer;
  /** Entries from row to row, of index and value alike. */
  readonly stride: number;
}

const listWords = ({ count, index, value, stride }: RowLists): Operation['words'] => [
  [word.B, count],
  [word.INDEX, index],
  [word.C, value],
  [word.C_STRIDE, stride],
];

/** Lists what is not zero in a[r][c], c < columns; a NaN is listed. */
export function listSamples(a: Rows, columns: number, lists: RowLists): Operation {
  return {
    code: word.LIST_SAMPLES,
    words: [...rows(word.A, a), ...listWords(lists), [word.COLUMNS, columns], [word.SHARE, word.BY_ROWS]],
    numbers: [],
  };
}

/** The same entries by column: `count[c]`, `index[c][e]` the row (ascending), `value[c][e]`. `columns` may be any number. */
export function listColumns(lists: RowLists, columns: number, byColumn: RowLists): Operation {
  return {
    code: word.LIST_COLUMNS,
    words: [
      ...listWords(lists),
      [word.D, byColumn.count],
      [word.D_STRIDE, byColumn.stride],
      [word.WEIGHTS, byColumn.index],
      [word.OUT, byColumn.value],
      [word.COLUMNS, columns],
    ],
    numbers: [],
  };
}

/**
 * out[r][c] = init[r][c] + Σ_e value[r][e] · W[⌊c / 64⌋][index[r][e]][c mod 64], added in an order of the engine's own.
 */
export function sparseProduct(operands: Omit<ProductOperands, 'a' | 'gain'> & { readonly lists: RowLists }): Operation {
  const { lists, init, out, weights, depth, columns } = operands;
  return {
    code: word.SPARSE_PRODUCT,
    words: [
      ...listWords(lists),
      ...rows(word.INIT, init),
      ...rows(word.OUT, out),
      [word.WEIGHTS, weights],
      [word.DEPTH, depth],
      ...width(columns),
    ],
    numbers: [],
  };
}

/**
 * W[⌊c / 64⌋][m][c mod 64] += Σ_r ( a[r][m] · b[r][c] + c[r][m] · d[r][c] ),  m < depth; without the second pair only the
 * first. Summed from zero, r ascending within each pair, then added.
 */
export function outer(
  first: readonly [a: Rows, b: Rows],
  second: readonly [c: Rows, d: Rows] | readonly [undefined, undefined],
  weights: Pointer,
  depth: number,
  columns: number,
): Operation {
  return {
    code: word.OUTER,
    words: [
      ...rows(word.A, first[0]),
      ...rows(word.B, first[1]),
      ...rows(word.C, second[0]),
      ...rows(word.D, second[1]),
      [word.WEIGHTS, weights],
      [word.DEPTH, depth],
      ...width(columns),
    ],
    numbers: [],
  };
}

/** W[⌊c / 64⌋][m][c mod 64] += Σ_e value[m][e] · a[index[m][e]][c], the lists by column of the batch. Summed as in `outer`. */
export function sparseOuter(byColumn: RowLists, a: Rows, weights: Pointer, depth: number, columns: number): Operation {
  return {
    code: word.SPARSE_OUTER,
    words: [
      ...rows(word.A, a),
      ...listWords(byColumn),
      [word.WEIGHTS, weights],
      [word.DEPTH, depth],
      ...width(columns),
    ],
    numbers: [],
  };
}

/** sums[c] += x · Σ_r a[r][c] */
export function columnSum(x: number, a: Rows, sums: Pointer, columns: number): Operation {
  return {
    code: word.COLUMN_SUM,
    words: [...rows(word.A, a), [word.WEIGHTS, sums], [word.COLUMNS, columns]],
    numbers: numbers(x),
  };
}

/** out[⌊k / 64⌋][c][k mod 64] = W[⌊c / 64⌋][k][c mod 64],  k < depth, c < columns, which may be any number. */
export function transpose(weights: Pointer, depth: number, columns: number, out: Pointer): Operation {
  return {
    code: word.TRANSPOSE,
    words: [
      [word.WEIGHTS, weights],
      [word.DEPTH, depth],
      [word.COLUMNS, columns],
      [word.OUT, out],
    ],
    numbers: [],
  };
}

interface UpdateOperands {
  readonly state: Rows;
  readonly drive: Rows;
  readonly nudge: Rows | undefined;
  /** Step size of each column, [columns]; 0 in padding, where states then stay 0. */
  readonly rates: Pointer;
  readonly columns: number;
  readonly activation: EngineActivation;
  /** Number of the layer, for the report of states that are not finite. */
  readonly layer: number;
}

function updateWords(operands: UpdateOperands): Operation['words'] {
  const { state, drive, nudge, rates, columns, activation, layer } = operands;
  return [
    ...rows(word.A, state),
    ...rows(word.B, drive),
    ...rows(word.C, nudge),
    [word.GAIN, rates],
    [word.LAYER, layer],
    ...activated(activation).words,
    ...width(columns),
  ];
}

/** s ← (1 − rate) · s + rate · σ(drive + nudge), or with the nudge added outside σ. Counts |change| towards the residual. */
export function updateMap(operands: UpdateOperands & { readonly nudgeInside: boolean }): Operation {
  return {
    code: word.UPDATE_MAP,
    words: [...updateWords(operands), [word.KIND, operands.nudgeInside ? word.NUDGE_INSIDE : word.NUDGE_OUTSIDE]],
    numbers: activated(operands.activation).numbers,
  };
}

/**
 * s ← clip(s + rate · (−s + ρ'(s) · drive + nudge)) to the range of ρ, and emitted = ρ(s) where asked. Counts |change|.
 * ρ' at a corner is that of the side where states live.
 */
export function updateEnergy(operands: UpdateOperands & { readonly emitted: Rows | undefined }): Operation {
  return {
    code: word.UPDATE_ENERGY,
    words: [...updateWords(operands), ...rows(word.OUT, operands.emitted)],
    numbers: activated(operands.activation).numbers,
  };
}

/** s ← s + rate · (−error + ρ'(s) · drive + nudge), and emitted = ρ(s) where asked. Counts |change|. */
export function updatePrediction(
  operands: UpdateOperands & { readonly error: Rows; readonly emitted: Rows | undefined },
): Operation {
  return {
    code: word.UPDATE_PREDICTION,
    words: [...updateWords(operands), ...rows(word.D, operands.error), ...rows(word.OUT, operands.emitted)],
    numbers: activated(operands.activation).numbers,
  };
}

/** out[r][c] = σ(a[r][c]) */
export function emitRows(a: Rows, out: Rows, columns: number, activation: EngineActivation): Operation {
  const { words, numbers: parameters } = activated(activation);
  return {
    code: word.EMIT,
    words: [...rows(word.A, a), ...rows(word.OUT, out), ...words, ...width(columns)],
    numbers: parameters,
  };
}

/** out[r][c] = a[r][c] · σ'(b[r][c]) */
export function multiplySlope(a: Rows, b: Rows, out: Rows, columns: number, activation: EngineActivation): Operation {
  const { words, numbers: parameters } = activated(activation);
  return {
    code: word.MULTIPLY_SLOPE,
    words: [...rows(word.A, a), ...rows(word.B, b), ...rows(word.OUT, out), ...words, ...width(columns)],
    numbers: parameters,
  };
}

/** out[r] = softmax of the first `depth` columns of a[r], 0 in the others. `out` may be `a`. */
export function softmaxRows(a: Rows, out: Rows, depth: number, columns: number): Operation {
  return {
    code: word.SOFTMAX,
    words: [
      ...rows(word.A, a),
      ...rows(word.OUT, out),
      [word.DEPTH, depth],
      [word.COLUMNS, columns],
      [word.SHARE, word.BY_ROWS],
    ],
    numbers: [],
  };
}

/** panels[⌊c / 64⌋][k][c mod 64] = a[c][k],  c < columns, k < depth: rows of weights, one per unit above, as panels. */
export function pack(a: Rows, depth: number, columns: number, panels: Pointer): Operation {
  return {
    code: word.PACK,
    words: [...rows(word.A, a), [word.DEPTH, depth], [word.COLUMNS, columns], [word.OUT, panels]],
    numbers: [],
  };
}

/** out[r][c] = init[r][c] + gain[c] · a[r][c] */
export function scaleColumns(a: Rows, gain: Pointer, init: Rows | undefined, out: Rows, columns: number): Operation {
  return {
    code: word.SCALE_COLUMNS,
    words: [...rows(word.A, a), ...rows(word.INIT, init), ...rows(word.OUT, out), [word.GAIN, gain], ...width(columns)],
    numbers: [],
  };
}

/** What lies before this is finished by all lanes before anything behind it begins. */
export function barrier(): Operation {
  return { code: word.BARRIER, words: [], numbers: [] };
}
