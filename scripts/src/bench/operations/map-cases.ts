/** Operations on maps, in the shapes of `conv-mnist`: 28 x 28 x 1 to 24 x 24 x 32, pooled; 12 x 12 x 32 to 8 x 8 x 64, pooled. */
import { mapOperations, words } from '@settle/core';
import type { OperationCase } from './operation-case.ts';
import type { Tensors } from './tensors.ts';

const ROWS = 20;
const KERNEL = 5;
const TAPS = KERNEL ** 2;
const BY_SAMPLES = { over: 'rows', blockRows: 2 } as const;

interface Sizes {
  readonly side: number;
  /** Channel strides. */
  readonly below: number;
  readonly above: number;
}

const FIRST: Sizes = { side: 28, below: 1, above: 32 };
const SECOND: Sizes = { side: 12, below: 32, above: 64 };

const range = (length: number): readonly number[] => Array.from({ length }, (_, k) => k);
const square = (side: number, entry: (y: number, x: number) => number): readonly number[] =>
  range(side * side).map((k) => entry(Math.floor(k / side), k % side));

const convolvedSide = ({ side }: Sizes): number => side - KERNEL + 1;
const positionsOf = (sizes: Sizes): number => convolvedSide(sizes) ** 2;
const shapeOf = ({ side, below, above }: Sizes): string => `${ROWS} x ${side} x ${side} x ${below} to ${above}`;
const flopsOf = (sizes: Sizes): number => 2 * ROWS * positionsOf(sizes) * TAPS * sizes.below * sizes.above;

/** Offsets of positions and taps in the map below. */
function offsets(tensors: Tensors, sizes: Sizes) {
  const { side, below } = sizes;
  return {
    positionOffsets: tensors.table(square(convolvedSide(sizes), (y, x) => (y * side + x) * below)),
    taps: TAPS,
    tapOffsets: tensors.table(square(KERNEL, (y, x) => (y * side + x) * below)),
    channels: below,
  };
}

/** Maximum over windows of 2 x 2. */
function maxPooling(tensors: Tensors, sizes: Sizes): mapOperations.PoolingWindows {
  const side = convolvedSide(sizes);
  const windows = positionsOf(sizes) / 4;
  const index = square(side / 2, (y, x) => 2 * y * side + 2 * x).flatMap((k) => [k, k + 1, k + side, k + side + 1]);
  return {
    kind: words.MAX,
    area: 4,
    windows,
    index: tensors.table(index),
    memory: tensors.rows(ROWS, windows * sizes.above),
    channels: sizes.above,
  };
}

const mapBelow = (tensors: Tensors, { side, below }: Sizes) => tensors.rows(ROWS, side * side * below);
const mapAbove = (tensors: Tensors, sizes: Sizes) => tensors.rows(ROWS, positionsOf(sizes) * sizes.above);

function convolveCase(sizes: Sizes): OperationCase {
  return {
    operation: 'convolve',
    shape: shapeOf(sizes),
    rows: ROWS,
    split: BY_SAMPLES,
    amount: { unit: 'GFLOP/s', flops: flopsOf(sizes) },
    lay: (tensors) => ({
      before: [],
      step: mapOperations.convolve({
        ...offsets(tensors, sizes),
        a: mapBelow(tensors, sizes),
        positions: positionsOf(sizes),
        weights: tensors.panels(TAPS * sizes.below, sizes.above),
        columns: sizes.above,
        init: undefined,
        out: mapAbove(tensors, sizes),
      }),
    }),
  };
}

/** What goes back through a maximum touches one position of each window. */
function backwardCase(operation: 'unconvolve' | 'convolve outer', sizes: Sizes): OperationCase {
  return {
    operation,
    shape: shapeOf(sizes),
    rows: ROWS,
    split: operation === 'unconvolve' ? BY_SAMPLES : { over: 'columns' },
    amount: { unit: 'GFLOP/s', flops: flopsOf(sizes) / 4 },
    lay: (tensors) => {
      const windows = maxPooling(tensors, sizes);
      const pooled = tensors.rows(ROWS, windows.windows * sizes.above);
      const operands = {
        ...offsets(tensors, sizes),
        a: pooled,
        windows,
        weights: tensors.rows(sizes.above, TAPS * sizes.below),
      };
      const below = mapBelow(tensors, sizes);
      return {
        before: [mapOperations.pool(mapAbove(tensors, sizes), windows, undefined, pooled)],
        step:
          operation === 'unconvolve'
            ? mapOperations.unconvolve({ ...operands, out: below })
            : mapOperations.convolveOuter({ ...operands, below, factor: 1 }),
      };
    },
  };
}

function poolCase(sizes: Sizes): OperationCase {
  return {
    operation: 'pool, maximum',
    shape: `${ROWS} x ${convolvedSide(sizes)} x ${convolvedSide(sizes)} x ${sizes.above}`,
    rows: ROWS,
    split: BY_SAMPLES,
    amount: { unit: 'ns/entry', entries: ROWS * positionsOf(sizes) * sizes.above },
    lay: (tensors) => {
      const windows = maxPooling(tensors, sizes);
      const out = tensors.rows(ROWS, windows.windows * sizes.above);
      return { before: [], step: mapOperations.pool(mapAbove(tensors, sizes), windows, undefined, out) };
    },
  };
}

/** Into and out of a map with a border of 2. */
function paddingCase(operation: 'place' | 'pick', { side, below }: Sizes): OperationCase {
  const padded = side + KERNEL - 1;
  return {
    operation,
    shape: `${ROWS} x ${side} x ${side} x ${below}`,
    rows: ROWS,
    split: BY_SAMPLES,
    amount: { unit: 'GB/s', entries: 2 * ROWS * side * side * below },
    lay: (tensors) => {
      const places = tensors.table(square(side, (y, x) => ((y + 2) * padded + x + 2) * below));
      const inside = tensors.rows(ROWS, side * side * below);
      const whole = tensors.rows(ROWS, padded * padded * below);
      const step =
        operation === 'place'
          ? mapOperations.place(inside, side * side, below, places, whole)
          : mapOperations.pick(whole, side * side, below, places, undefined, inside);
      return { before: [], step };
    },
  };
}

export const MAP_CASES: readonly OperationCase[] = [
  convolveCase(FIRST),
  convolveCase(SECOND),
  poolCase(FIRST),
  poolCase(SECOND),
  backwardCase('unconvolve', SECOND),
  backwardCase('convolve outer', FIRST),
  backwardCase('convolve outer', SECOND),
  paddingCase('place', SECOND),
  paddingCase('pick', SECOND),
];
