/**
 * Where one convolution lies: its tables of offsets, its weights as panels, and the maps that it needs on its way.
 *
 * The map below is copied into one with a border of zeros, in which a kernel may stand over the edge: position p of the
 * convolved map begins at position[p] of it and tap t lies tap[t] further on.
 */
import { type Connection, convolvedShape, type LayerShape } from '../network.ts';
import type { Rows } from './operation.ts';
import { type LayerPlace, roundedUp } from './places.ts';
import type { Storage } from './storage.ts';
import type { IntegerTable, RowTensor, Tensor, TensorAllocator } from './tensors.ts';
import * as word from './words.ts';

export type Convolution = Extract<Connection, { kind: 'convolution' }>;

export interface ConvolutionLayout {
  readonly kind: 'convolution';
  /** Positions of the map before pooling. */
  readonly positions: number;
  readonly positionOffsets: IntegerTable;
  readonly taps: number;
  readonly tapOffsets: IntegerTable;
  /** Channel stride of the map below as the kernel meets it. */
  readonly channels: number;
  /** Weights as panels for going up, made in `clamp` from the rows in which they are stored; of feedback where asked for. */
  readonly panels: Tensor;
  readonly feedbackPanels: Tensor | undefined;
  readonly rowStride: number;
  /** The map below with its border, where it has one, and where the positions of the map below lie in it. */
  readonly bordered: RowTensor | undefined;
  readonly insideOffsets: IntegerTable;
  readonly insidePositions: number;
  /** The bordered map of what comes down. */
  readonly back: RowTensor | undefined;
  /** The map before pooling, where there is a pooling. */
  readonly convolved: RowTensor | undefined;
  readonly pooling: {
    readonly kind: number;
    readonly area: number;
    readonly windows: number;
    readonly index: IntegerTable;
    readonly memory: Rows | undefined;
  };
  /** Whether the pooling's derivative depends on what it saw. */
  readonly remembers: boolean;
}

/** Channels below as they lie side by side: the input's without padding, so that one of them takes one entry. */
function channelStrideBelow(from: number, [channels]: LayerShape): number {
  return from === 0 ? channels : roundedUp(channels);
}

export function rowsOf(
  connection: Convolution,
  below: LayerShape,
  above: LayerPlace,
): Extract<Storage, { kind: 'rows' }> {
  const taps = connection.kernelSize ** 2;
  const stride = channelStrideBelow(connection.from, below);
  return {
    kind: 'rows',
    above,
    channelsBelow: below[0],
    channelStrideBelow: stride,
    taps,
    rowStride: roundedUp(taps * stride),
  };
}

export function layOutConvolution(
  connection: Convolution,
  below: LayerShape,
  above: LayerPlace,
  options: { readonly leadsDown: boolean; readonly feedbackPanels: boolean },
  allocator: TensorAllocator,
  /** Samples that rows have room for. */
  rowCount: number,
): ConvolutionLayout {
  const { kernelSize, padding, pooling, from } = connection;
  const [, height, width] = below;
  const { convolved } = convolvedShape(below, above.channels, connection);
  const positions = convolved[1] * convolved[2];
  const { rowStride, channelStrideBelow: channels, taps } = rowsOf(connection, below, above);
  const borderedStride = roundedUp((height + 2 * padding) * (width + 2 * padding) * channels);
  const isBordered = padding > 0 || (from === 0 && channels > 1);
  const area = pooling === undefined ? 1 : pooling.size ** 2;
  const windows = above.positions;
  const panels = () => allocator.vector(panelsLength(taps * channels, above.channelStride));
  const poolingKind =
    pooling === undefined || pooling.kind === 'average' ? word.AVERAGE : pooling.kind === 'max' ? word.MAX : word.SOFT;
  const memory = (): Rows | undefined => {
    if (poolingKind === word.AVERAGE) return undefined;
    if (poolingKind === word.SOFT) return allocator.rows(positions * above.channelStride);
    const stride = windows * above.channelStride;
    return { pointer: allocator.table(rowCount * stride).pointer, stride };
  };
  return {
    kind: 'convolution',
    positions,
    positionOffsets: allocator.table(positions),
    taps: kernelSize ** 2,
    tapOffsets: allocator.table(taps),
    channels,
    panels: panels(),
    feedbackPanels: options.feedbackPanels ? panels() : undefined,
    rowStride,
    bordered: isBordered ? allocator.rows(borderedStride) : undefined,
    insideOffsets: allocator.table(isBordered ? height * width : 0),
    insidePositions: height * width,
    back: options.leadsDown && padding > 0 ? allocator.rows(borderedStride) : undefined,
    convolved: pooling === undefined ? undefined : allocator.rows(positions * above.channelStride),
    pooling: { kind: poolingKind, area, windows, index: allocator.table(windows * area), memory: memory() },
    remembers: poolingKind !== word.AVERAGE,
  };
}

function panelsLength(depth: number, columns: number): number {
  return roundedUp(columns, word.PANEL) * depth;
}

/** Writes the tables; not in a dry run. */
export function fillTables(
  layout: ConvolutionLayout,
  connection: Convolution,
  below: LayerShape,
  above: LayerShape,
): void {
  const { channels, positionOffsets, tapOffsets, insideOffsets, pooling } = layout;
  const { kernelSize, stride, padding } = connection;
  const [, height, width] = below;
  const borderedWidth = width + 2 * padding;
  const offset = (row: number, column: number) => (row * borderedWidth + column) * channels;
  const { convolved, pooled } = convolvedShape(below, above[0], connection);
  const [, rows, columns] = convolved;
  eachCell(rows, columns, (row, column, k) => {
    positionOffsets.values[k] = offset(row * stride, column * stride);
  });
  eachCell(kernelSize, kernelSize, (row, column, k) => {
    tapOffsets.values[k] = offset(row, column);
  });
  if (insideOffsets.values.length > 0) {
    eachCell(height, width, (row, column, k) => {
      insideOffsets.values[k] = offset(row + padding, column + padding);
    });
  }
  const side = connection.pooling?.size ?? 1;
  eachCell(pooled[1], pooled[2], (row, column, window) => {
    eachCell(side, side, (y, x, k) => {
      pooling.index.values[window * side * side + k] = (row * side + y) * columns + column * side + x;
    });
  });
}

function eachCell(rows: number, columns: number, visit: (row: number, column: number, k: number) => void): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) visit(row, column, row * columns + column);
  }
}
