/** One operation on a range of rows and columns, or this lane's share of one. */
import {
  BARRIER,
  BY_ROWS,
  COLUMN_SUM,
  COLUMNS,
  COMBINE,
  CONVOLVE,
  CONVOLVE_OUTER,
  COPY,
  DEPTH,
  EMIT,
  FILL,
  LIST_COLUMNS,
  LIST_SAMPLES,
  MULTIPLY_SLOPE,
  OPERATION_WORDS,
  OUTER,
  PACK,
  PICK,
  PLACE,
  POOL,
  PRODUCT,
  SCALE_COLUMNS,
  SHARE,
  SOFTMAX,
  SPARSE_OUTER,
  SPARSE_PRODUCT,
  THIN_PRODUCT,
  TRANSPOSE,
  UNCONVOLVE,
  UPDATE_ENERGY,
  UPDATE_MAP,
  UPDATE_PREDICTION,
} from '../../compiled/words';
import { convolveOuter, pick, place, pool, unconvolve } from './convolutions';
import { columnSum, combineRows, copyRows, fillRows, scaleColumns, softmaxRows } from './elementwise';
import { barrier, lanes, ownNumber } from './meeting';
import { codeOf, wordOf } from './operands';
import { outer } from './outer-products';
import { convolve, product } from './products';
import { pack, transpose } from './rearrange';
import { sayUnknown } from './report';
import { listColumns, listSamples, sparseOuter, sparseProduct } from './sparse';
import { thinProduct } from './thin-product';
import { emitRows, multiplySlope, updateEnergy, updateMap, updatePrediction } from './updates';

const OPERATION_BYTES: usize = (<usize>OPERATION_WORDS) << 2;

function execute(operation: usize, rowFirst: i32, rowEnd: i32, columnFirst: i32, columnEnd: i32): void {
  switch (codeOf(operation)) {
    case COPY:
      copyRows(operation, rowFirst, rowEnd, columnFirst, columnEnd);
      break;
    case FILL:
      fillRows(operation, rowFirst, rowEnd, columnFirst, columnEnd);
      break;
    case COMBINE:
      combineRows(operation, rowFirst, rowEnd, columnFirst, columnEnd);
      break;
    case PRODUCT:
      product(operation, rowFirst, rowEnd, columnFirst, columnEnd);
      break;
    case THIN_PRODUCT:
      thinProduct(operation, rowFirst, rowEnd);
      break;
    case SPARSE_PRODUCT:
      sparseProduct(operation, rowFirst, rowEnd, columnFirst, columnEnd);
      break;
    case UPDATE_MAP:
      updateMap(operation, rowFirst, rowEnd, columnFirst, columnEnd);
      break;
    case UPDATE_ENERGY:
      updateEnergy(operation, rowFirst, rowEnd, columnFirst, columnEnd);
      break;
    case UPDATE_PREDICTION:
      updatePrediction(operation, rowFirst, rowEnd, columnFirst, columnEnd);
      break;
    case EMIT:
      emitRows(operation, rowFirst, rowEnd, columnFirst, columnEnd);
      break;
    case MULTIPLY_SLOPE:
      multiplySlope(operation, rowFirst, rowEnd, columnFirst, columnEnd);
      break;
    case SOFTMAX:
      softmaxRows(operation, rowFirst, rowEnd);
      break;
    case LIST_SAMPLES:
      listSamples(operation, rowFirst, rowEnd);
      break;
    case PLACE:
      place(operation, rowFirst, rowEnd);
      break;
    case PICK:
      pick(operation, rowFirst, rowEnd);
      break;
    case SCALE_COLUMNS:
      scaleColumns(operation, rowFirst, rowEnd, columnFirst, columnEnd);
      break;
    case CONVOLVE:
      convolve(operation, rowFirst, rowEnd);
      break;
    case POOL:
      pool(operation, rowFirst, rowEnd);
      break;
    case UNCONVOLVE:
      unconvolve(operation, rowFirst, rowEnd);
      break;
    case BARRIER:
      break;
    default:
      sayUnknown();
  }
}

/** A whole list on a block of rows, which is this lane's alone. */
export function executeRows(operations: usize, count: i32, rowFirst: i32, rowEnd: i32): void {
  for (let k = 0; k < count; k++) {
    execute(operations, rowFirst, rowEnd, 0, wordOf(operations, COLUMNS));
    operations += OPERATION_BYTES;
  }
}

/** Where this lane's part of `total` begins; where it ends, the next one's does. */
// @ts-ignore: decorator
@inline
function partFrom(total: i32, number: i32): i32 {
  return total * number / lanes;
}

// @ts-ignore: decorator
@inline
function atMost(value: i32, limit: i32): i32 {
  return value < limit ? value : limit;
}

/** This lane's share of an operation that all lanes do together. */
function executeShare(operation: usize, rows: i32): void {
  const lane = ownNumber();
  const columns = wordOf(operation, COLUMNS);
  const panels = (columns + 63) >> 6;
  // Panels are shared where there are enough of them: a lane then finds its own weights in its own cache again.
  const columnFirst = atMost(partFrom(panels, lane) << 6, columns);
  const columnEnd = atMost(partFrom(panels, lane + 1) << 6, columns);
  const depth = wordOf(operation, DEPTH);
  switch (codeOf(operation)) {
    case BARRIER:
      barrier();
      break;
    case OUTER:
    case SPARSE_OUTER: {
      const together = panels >= lanes;
      const groups = (depth + 3) >> 2;
      const first = together ? 0 : partFrom(groups, lane) << 2;
      const end = together ? depth : atMost(partFrom(groups, lane + 1) << 2, depth);
      const from = together ? columnFirst : 0;
      const to = together ? columnEnd : columns;
      if (codeOf(operation) == OUTER) outer(operation, rows, first, end, from, to);
      else sparseOuter(operation, first, end, from, to);
      break;
    }
    case COLUMN_SUM:
      columnSum(operation, rows, columnFirst, columnEnd);
      break;
    case LIST_COLUMNS:
      listColumns(operation, rows, partFrom(columns, lane), partFrom(columns, lane + 1));
      break;
    case TRANSPOSE: {
      const turned = (depth + 63) >> 6;
      transpose(operation, partFrom(turned, lane), partFrom(turned, lane + 1));
      break;
    }
    case PACK:
      pack(operation, partFrom(panels, lane), partFrom(panels, lane + 1));
      break;
    case CONVOLVE_OUTER:
      convolveOuter(operation, rows, partFrom(columns, lane), partFrom(columns, lane + 1));
      break;
    default:
      if (wordOf(operation, SHARE) == BY_ROWS) {
        const rowFirst = partFrom(rows, lane);
        const rowEnd = partFrom(rows, lane + 1);
        if (rowFirst < rowEnd) execute(operation, rowFirst, rowEnd, 0, columns);
      } else if (columnFirst < columnEnd) execute(operation, 0, rows, columnFirst, columnEnd);
  }
}

/** A whole list on all rows, together with the other lanes. */
export function executeTogether(operations: usize, count: i32, rows: i32): void {
  for (let k = 0; k < count; k++) {
    executeShare(operations, rows);
    operations += OPERATION_BYTES;
  }
}
