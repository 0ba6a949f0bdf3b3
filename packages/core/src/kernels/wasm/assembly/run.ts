/**
 * A lane's part of a run: BEFORE operations once, STEP operations in every step, AFTER operations once.
 *
 * Blocks of rows go through all steps one after the other, so that their states stay in the first-level cache and no lane
 * waits for another. Where lanes work on the same rows, or the change of all rows decides when to stop, they meet after
 * every step and decide alike from what all have handed in.
 */
import {
  AFTER,
  AFTER_COUNT,
  BEFORE,
  BEFORE_COUNT,
  BLOCK_ROWS,
  BROKEN_LAYER,
  BROKEN_STEP,
  CHANGE,
  DONE,
  LEAST_STEPS,
  NOT_FINITE,
  OVER_ROWS,
  ROWS,
  SPLIT,
  STATUS,
  STEP,
  STEP_COUNT,
  STEPS,
  STEPS_DONE,
  STOP_WORD,
  STOPPED,
  TOLERANCE,
} from '../../compiled/words';
import { NEXT_BLOCK } from '../meeting-place';
import * as change from './change';
import { executeRows, executeTogether } from './execute';
import { barrier, lanes, ownNumber, sharedWord } from './meeting';
import { pointerOf, wordOf } from './operands';
import * as report from './report';

/** STATUS of a program with an operation that is not known here. */
const UNKNOWN: i32 = 3;

/** Steps done, and reports handed in, the same in every lane. */
let stepsDone: i32 = 0;
let turn: i32 = 0;

/** Does this lane's part and hands in its report. */
export function takePart(run: usize): void {
  report.nothingToReport();
  const byRows = wordOf(run, SPLIT) == OVER_ROWS;
  const tolerance = load<f64>(run + ((<usize>TOLERANCE) << 2));
  turn = 0;
  stepsDone = 0;
  if (!byRows || tolerance > 0) {
    stepTogether(run, byRows, tolerance);
    return;
  }
  runBlocks(run);
  stepsDone = wordOf(run, STEPS);
  report.hand(0);
}

// @ts-ignore: decorator
@inline
function isStopped(run: usize): bool {
  const word = pointerOf(run, STOP_WORD);
  return word != 0 && atomic.load<i32>(word) != 0;
}

/** Rows that the lane with the most of them gets. */
// @ts-ignore: decorator
@inline
function mostRows(rows: i32, blockRows: i32): i32 {
  const blocks = (rows + blockRows - 1) / blockRows;
  return ((blocks + lanes - 1) / lanes) * blockRows;
}

/** Rows of a block: at most those asked for, and fewer where lanes would otherwise share the rows less evenly. */
function blockRowsOf(run: usize): i32 {
  const rows = wordOf(run, ROWS);
  let best = wordOf(run, BLOCK_ROWS);
  for (let fewer = (best - 1) & ~1; fewer >= 2 && lanes > 1; fewer -= 2) {
    if (mostRows(rows, fewer) < mostRows(rows, best)) best = fewer;
  }
  return best;
}

/** Takes blocks that nobody has taken until there is none. */
function runBlocks(run: usize): void {
  const rows = wordOf(run, ROWS);
  const blockRows = blockRowsOf(run);
  for (;;) {
    const first = blockRows * atomic.add<i32>(sharedWord(NEXT_BLOCK), 1);
    if (first >= rows) return;
    const end = first + blockRows < rows ? first + blockRows : rows;
    runBlock(run, first, end);
    if (report.stopped) return;
  }
}

function runBlock(run: usize, first: i32, end: i32): void {
  const steps = wordOf(run, STEPS);
  const operations = pointerOf(run, STEP);
  const count = wordOf(run, STEP_COUNT);
  executeRows(pointerOf(run, BEFORE), wordOf(run, BEFORE_COUNT), first, end);
  change.beginStep();
  // What comes after a step in which another block broke cannot matter any more.
  for (let step = 1; step <= steps && step <= report.brokenStep; step++) {
    if (isStopped(run)) {
      report.sayStopped();
      return;
    }
    change.beginStep();
    executeRows(operations, count, first, end);
    if (change.largestBits >= change.INFINITE_BITS) {
      report.sayBroken(step, change.brokenLayer, change.highestLayer);
      report.sayChange(change.largestBits);
      return;
    }
  }
  report.sayChange(change.largestBits);
  executeRows(pointerOf(run, AFTER), wordOf(run, AFTER_COUNT), first, end);
}

/** One of the run's three lists on this lane's blocks, or on its share of all rows. */
function executeList(run: usize, list: i32, byRows: bool): void {
  const operations = pointerOf(run, list);
  const count = wordOf(run, list + 1);
  const rows = wordOf(run, ROWS);
  if (!byRows) {
    executeTogether(operations, count, rows);
    return;
  }
  const blockRows = blockRowsOf(run);
  for (let first = ownNumber() * blockRows; first < rows; first += lanes * blockRows) {
    const end = first + blockRows < rows ? first + blockRows : rows;
    executeRows(operations, count, first, end);
  }
}

/** Hands in a report, waits for those of the others, and leaves what they amount to in its place. */
function meet(run: usize): void {
  // Read here and not before the step, so that all lanes see the same.
  if (isStopped(run)) report.sayStopped();
  report.hand(turn);
  barrier();
  report.gather(turn);
  turn++;
}

function stepTogether(run: usize, byRows: bool, tolerance: f64): void {
  const steps = wordOf(run, STEPS);
  const leastSteps = wordOf(run, LEAST_STEPS);
  executeList(run, BEFORE, byRows);
  meet(run);
  let going = steps > 0;
  while (going && !report.stopped) {
    report.forgetChange();
    change.beginStep();
    executeList(run, STEP, byRows);
    stepsDone++;
    report.sayChange(change.largestBits);
    if (change.largestBits >= change.INFINITE_BITS) {
      report.sayBroken(stepsDone, change.brokenLayer, change.highestLayer);
    }
    meet(run);
    const size = <f64>reinterpret<f32>(report.changeBits);
    const settled = tolerance > 0 && size < tolerance && stepsDone >= leastSteps;
    going = stepsDone < steps && !settled && report.brokenStep == report.NO_STEP;
  }
  // A request that came with the last step has stopped nothing.
  if (!going) report.forgetStop();
  if (!report.stopped && report.brokenStep == report.NO_STEP) executeList(run, AFTER, byRows);
  report.hand(turn);
}

/** Writes the answer, once all lanes have handed in their last reports. */
export function answer(run: usize): void {
  report.gather(turn);
  let status = DONE;
  if (report.unknown) status = UNKNOWN;
  else if (report.stopped) status = STOPPED;
  else if (report.brokenStep != report.NO_STEP) status = NOT_FINITE;
  store<i32>(run + ((<usize>STATUS) << 2), status);
  const broken = report.brokenStep != report.NO_STEP;
  store<i32>(run + ((<usize>STEPS_DONE) << 2), broken ? report.brokenStep : stepsDone);
  const layer = report.brokenLayer != change.NO_LAYER ? report.brokenLayer : report.highestLayer;
  store<i32>(run + ((<usize>BROKEN_LAYER) << 2), broken ? layer : 0);
  store<i32>(run + ((<usize>BROKEN_STEP) << 2), broken ? report.brokenStep : 0);
  store<f64>(run + ((<usize>CHANGE) << 2), <f64>reinterpret<f32>(report.changeBits));
}
