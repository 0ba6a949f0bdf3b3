/**
 * Operations on maps of a convolution.
 *
 * Maps are stored position by position, the channels of one side by side: entry (p, c) of a sample lies at
 * p · channelStride + c. Offsets of positions and taps are int32 tables in entries. All of these are shared by rows but
 * `convolveOuter`, in which lanes share the units above.
 */
import { numbers, type Operation, type Pointer, type Rows, rows } from './operation.ts';
import * as word from './words.ts';

/** out[r][offsets[p] + c] = a[r][p · channelStride + c],  p < positions, c < channelStride: into a padded map. */
export function place(a: Rows, positions: number, channelStride: number, offsets: Pointer, out: Rows): Operation {
  return { code: word.PLACE, words: [...moved(a, positions, channelStride, offsets, out)], numbers: [] };
}

/** out[r][p · channelStride + c] = init[r][…] + a[r][offsets[p] + c]: out of a padded map. */
export function pick(
  a: Rows,
  positions: number,
  channelStride: number,
  offsets: Pointer,
  init: Rows | undefined,
  out: Rows,
): Operation {
  return {
    code: word.PICK,
    words: [...moved(a, positions, channelStride, offsets, out), ...rows(word.INIT, init)],
    numbers: [],
  };
}

function moved(a: Rows, positions: number, channelStride: number, offsets: Pointer, out: Rows): Operation['words'] {
  return [
    ...rows(word.A, a),
    ...rows(word.OUT, out),
    [word.POSITIONS, positions],
    [word.COLUMNS, channelStride],
    [word.POSITION_OFFSETS, offsets],
    [word.SHARE, word.BY_ROWS],
  ];
}

/**
 * out[r][p · columns + c] = init[r][p · columns + c] + Σ_t Σ_i a[r][position[p] + tap[t] + i] · W[⌊c / 64⌋][t · channels + i][c mod 64],
 * p < positions, t < taps, i < channels, which is the channel stride below; `columns` is that above. One chain, t and then
 * i ascending, which starts from init.
 */
export function convolve(operands: {
  readonly a: Rows;
  readonly positions: number;
  readonly positionOffsets: Pointer;
  readonly taps: number;
  readonly tapOffsets: Pointer;
  readonly channels: number;
  readonly weights: Pointer;
  readonly columns: number;
  readonly init: Rows | undefined;
  readonly out: Rows;
}): Operation {
  const { a, positions, positionOffsets, taps, tapOffsets, channels, weights, columns, init, out } = operands;
  return {
    code: word.CONVOLVE,
    words: [
      ...rows(word.A, a),
      ...rows(word.INIT, init),
      ...rows(word.OUT, out),
      [word.WEIGHTS, weights],
      [word.POSITIONS, positions],
      [word.POSITION_OFFSETS, positionOffsets],
      [word.TAPS, taps],
      [word.TAP_OFFSETS, tapOffsets],
      [word.DEPTH, channels],
      [word.COLUMNS, columns],
      [word.SHARE, word.BY_ROWS],
    ],
    numbers: [],
  };
}

/** How a map of a convolution becomes the layer above it; no pooling is an average over windows of one position. */
export interface PoolingWindows {
  /** MAX, AVERAGE or SOFT of ./words.ts. */
  readonly kind: number;
  /** Positions in a window. */
  readonly area: number;
  /** Windows, one per position of the layer above. */
  readonly windows: number;
  /** int32 [windows, area]: numbers of positions in the convolved map. */
  readonly index: Pointer;
  /**
   * What the pooling remembers of the map that it saw, by row. MAX: int32 [windows, channels], the position chosen (the
   * first of the largest). SOFT: the derivative with respect to every position, [positions of the map, channels].
   */
  readonly memory: Rows | undefined;
  /** Channel stride of the map and of the layer above alike. */
  readonly channels: number;
}

const windowWords = ({ kind, area, windows, index, memory, channels }: PoolingWindows): Operation['words'] => [
  [word.KIND, kind],
  [word.AREA, area],
  [word.POSITIONS, windows],
  [word.INDEX, index],
  ...rows(word.C, memory),
  [word.COLUMNS, channels],
];

/**
 * out[r][q, c] = init[r][q, c] + pooled over the window of q; remembers what the derivative needs.
 * MAX: z_m at the first largest; AVERAGE: the mean; SOFT: P = Σ p_i z_i, p = softmax(z), ∂P/∂z_i = p_i (1 + z_i − P).
 */
export function pool(a: Rows, windows: PoolingWindows, init: Rows | undefined, out: Rows): Operation {
  return {
    code: word.POOL,
    words: [
      ...rows(word.A, a),
      ...rows(word.INIT, init),
      ...rows(word.OUT, out),
      ...windowWords(windows),
      [word.SHARE, word.BY_ROWS],
    ],
    numbers: [],
  };
}

/**
 * The transposed convolution behind the transposed pooling:
 * out[r][position[p] + tap[t] + i] += Σ_c J[p, c] · W[c][t · channels + i] for every window q, position p in it and channel c,
 * J[p, c] = a[r][q, c] · ∂P_q/∂z_p. Entries of J that are zero are left out. `weights`: rows [columns of the windows][stride], one per channel above.
 */
export function unconvolve(operands: ConvolutionOperands & { readonly out: Rows }): Operation {
  const { out } = operands;
  return {
    code: word.UNCONVOLVE,
    words: [...convolutionWords(operands), ...rows(word.OUT, out), [word.SHARE, word.BY_ROWS]],
    numbers: [],
  };
}

/**
 * W[c][t · channels + i] += Σ_r Σ_q Σ_p J[r][p, c] · below[r][position[p] + tap[t] + i], J as in `unconvolve` from
 * x · a.
 */
export function convolveOuter(
  operands: ConvolutionOperands & { readonly below: Rows; readonly factor: number },
): Operation {
  const { below, factor } = operands;
  return {
    code: word.CONVOLVE_OUTER,
    words: [...convolutionWords(operands), ...rows(word.B, below), [word.SHARE, word.BY_COLUMNS]],
    numbers: numbers(factor),
  };
}

interface ConvolutionOperands {
  /** The layer above, or what takes its place. */
  readonly a: Rows;
  readonly windows: PoolingWindows;
  readonly positionOffsets: Pointer;
  readonly taps: number;
  readonly tapOffsets: Pointer;
  /** Channel stride below. */
  readonly channels: number;
  readonly weights: Rows;
}

function convolutionWords(operands: ConvolutionOperands): Operation['words'] {
  const { a, windows, positionOffsets, taps, tapOffsets, channels, weights } = operands;
  return [
    ...rows(word.A, a),
    ...windowWords(windows),
    [word.POSITION_OFFSETS, positionOffsets],
    [word.TAPS, taps],
    [word.TAP_OFFSETS, tapOffsets],
    [word.DEPTH, channels],
    [word.WEIGHTS, weights.pointer],
    [word.D_STRIDE, weights.stride],
  ];
}
