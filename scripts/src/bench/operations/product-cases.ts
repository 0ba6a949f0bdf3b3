/** Products of states and weights, dense and with lists of what is not zero. */
import { operations } from '@settle/core';
import { BY_BLOCKS, type OperationCase, TOGETHER } from './operation-case.ts';
import type { Tensors } from './tensors.ts';

const BATCH = 128;
/** As MNIST has it. */
const PIXELS = 784;
const ZEROS = 0.81;
const CLASSES = 10;

const NO_GAIN = { init: undefined, gain: undefined } as const;

function productCase(rows: number, depth: number, columns: number): OperationCase {
  return {
    operation: 'product',
    shape: `${rows} x ${depth} x ${columns}`,
    rows,
    split: depth > CLASSES ? TOGETHER : BY_BLOCKS,
    amount: { unit: 'GFLOP/s', flops: 2 * rows * depth * columns },
    lay: (tensors) => ({
      before: [],
      step: operations.product({
        ...NO_GAIN,
        a: tensors.rows(rows, depth),
        weights: tensors.panels(depth, columns),
        depth,
        columns,
        out: tensors.rows(rows, columns),
      }),
    }),
  };
}

function outerCase(rows: number, depth: number, columns: number, pairs: 1 | 2): OperationCase {
  return {
    operation: 'outer',
    shape: `${pairs} x ${rows} x ${depth} x ${columns}`,
    rows,
    split: TOGETHER,
    amount: { unit: 'GFLOP/s', flops: 2 * pairs * rows * depth * columns },
    lay: (tensors) => {
      const pair = () => [tensors.rows(rows, depth), tensors.rows(rows, columns)] as const;
      const weights = tensors.panels(depth, columns);
      const second = pairs === 2 ? pair() : ([undefined, undefined] as const);
      return { before: [], step: operations.outer(pair(), second, weights, depth, columns) };
    },
  };
}

function pixelLists(tensors: Tensors) {
  const bySample = tensors.lists(BATCH, PIXELS);
  const byPixel = tensors.lists(PIXELS, BATCH);
  const pixels = tensors.rows(BATCH, PIXELS, ZEROS);
  return {
    bySample,
    byPixel,
    listSamples: operations.listSamples(pixels, PIXELS, bySample),
    listColumns: operations.listColumns(bySample, PIXELS, byPixel),
  };
}

const sparseFlops = (columns: number) => 2 * BATCH * PIXELS * (1 - ZEROS) * columns;

export const PRODUCT_CASES: readonly OperationCase[] = [
  productCase(20, 512, 512),
  productCase(BATCH, 512, 512),
  productCase(BATCH, 1024, 1024),
  productCase(BATCH, CLASSES, 512),
  {
    operation: 'thin product',
    shape: `${BATCH} x 512 x ${CLASSES}`,
    rows: BATCH,
    split: BY_BLOCKS,
    amount: { unit: 'GFLOP/s', flops: 2 * BATCH * 512 * CLASSES },
    lay: (tensors) => ({
      before: [],
      step: operations.thinProduct({
        ...NO_GAIN,
        a: tensors.rows(BATCH, 512),
        weights: tensors.panels(CLASSES, 512),
        depth: CLASSES,
        columns: 512,
        out: tensors.rows(BATCH, CLASSES),
      }),
    }),
  },
  {
    operation: 'sparse product',
    shape: `${BATCH} x ${PIXELS} (${100 * ZEROS} % zeros) x 512`,
    rows: BATCH,
    split: TOGETHER,
    amount: { unit: 'GFLOP/s', flops: sparseFlops(512) },
    lay: (tensors) => {
      const { bySample, listSamples } = pixelLists(tensors);
      const weights = tensors.panels(PIXELS, 512);
      const out = tensors.rows(BATCH, 512);
      return {
        before: [listSamples],
        step: operations.sparseProduct({ lists: bySample, init: undefined, weights, depth: PIXELS, columns: 512, out }),
      };
    },
  },
  outerCase(20, 512, 512, 2),
  outerCase(BATCH, 512, 512, 2),
  outerCase(BATCH, 512, CLASSES + 6, 2),
  outerCase(BATCH, 512, 512, 1),
  {
    operation: 'sparse outer',
    shape: `${BATCH} x ${PIXELS} (${100 * ZEROS} % zeros) x 512`,
    rows: BATCH,
    split: TOGETHER,
    amount: { unit: 'GFLOP/s', flops: sparseFlops(512) },
    lay: (tensors) => {
      const { byPixel, listSamples, listColumns } = pixelLists(tensors);
      const weights = tensors.panels(PIXELS, 512);
      return {
        before: [listSamples, operations.barrier(), listColumns],
        step: operations.sparseOuter(byPixel, tensors.rows(BATCH, 512), weights, PIXELS, 512),
      };
    },
  },
  {
    operation: 'list samples',
    shape: `${BATCH} x ${PIXELS}`,
    rows: BATCH,
    split: BY_BLOCKS,
    amount: { unit: 'ns/entry', entries: BATCH * PIXELS },
    lay: (tensors) => ({ before: [], step: pixelLists(tensors).listSamples }),
  },
  {
    operation: 'list columns',
    shape: `${BATCH} x ${PIXELS} (${100 * ZEROS} % zeros)`,
    rows: BATCH,
    split: TOGETHER,
    amount: { unit: 'ns/entry', entries: BATCH * PIXELS * (1 - ZEROS) },
    lay: (tensors) => {
      const { listSamples, listColumns } = pixelLists(tensors);
      return { before: [listSamples], step: listColumns };
    },
  },
];
