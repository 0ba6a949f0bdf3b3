/** What operations on units compute: activations, updates of states, softmax. */
import type { Activation } from '../../../activations/activation.ts';
import { clippedLine } from '../../../activations/clipped-line.ts';
import { holomorphicHardSigmoid } from '../../../activations/holomorphic-hard-sigmoid.ts';
import { identity } from '../../../activations/identity.ts';
import { logistic } from '../../../activations/logistic.ts';
import { tanh } from '../../../activations/tanh.ts';
import * as word from '../words.ts';
import type { Operands } from './operands.ts';
import { eachEntry } from './plain-dense.ts';
import type { Movement, RowOperation, RowRange, UpdateOperation } from './plain-operation.ts';

export const UNIT_OPERATIONS: readonly (readonly [number, RowOperation])[] = [
  [word.EMIT, emit],
  [word.MULTIPLY_SLOPE, multiplySlope],
  [word.SOFTMAX, softmax],
];

export const UPDATE_OPERATIONS: ReadonlyMap<number, UpdateOperation> = new Map([
  [word.UPDATE_MAP, updateMap],
  [word.UPDATE_ENERGY, updateEnergy],
  [word.UPDATE_PREDICTION, updatePrediction],
]);

export function activationOf(operands: Operands): Activation {
  switch (operands.word(word.ACTIVATION)) {
    case word.CLIPPED_LINE:
      return clippedLine('clipped line', operands.number(word.FIRST), operands.number(word.SECOND));
    case word.LOGISTIC:
      return logistic;
    case word.TANH:
      return tanh;
    case word.HOLOMORPHIC_HARD_SIGMOID:
      return holomorphicHardSigmoid;
    case word.IDENTITY:
      return identity;
    default:
      throw new Error(`no activation has the code ${operands.word(word.ACTIVATION)}`);
  }
}

function emit(operands: Operands, range: RowRange): void {
  const a = operands.rows(word.A);
  const { value } = activationOf(operands);
  eachEntry(operands, range, operands.word(word.COLUMNS), (r, c) => value(a.get(r, c)));
}

function multiplySlope(operands: Operands, range: RowRange): void {
  const a = operands.rows(word.A);
  const b = operands.rows(word.B);
  const { slope } = activationOf(operands);
  eachEntry(operands, range, operands.word(word.COLUMNS), (r, c) => a.get(r, c) * slope(b.get(r, c)));
}

function softmax(operands: Operands, { first, end }: RowRange): void {
  const depth = operands.word(word.DEPTH);
  const a = operands.rows(word.A);
  const out = operands.rows(word.OUT);
  for (let r = first; r < end; r++) {
    const row = Array.from({ length: depth }, (_, c) => a.get(r, c));
    const top = Math.max(...row);
    const sizes = row.map((x) => Math.exp(x - top));
    const sum = sizes.reduce((partial, size) => partial + size, 0);
    for (let c = 0; c < operands.word(word.COLUMNS); c++) out.set(r, c, c < depth ? sizes[c] / sum : 0);
  }
}

/** Moves every state to `next(r, c, s)` and sees what came of it. */
function update(
  operands: Operands,
  { first, end }: RowRange,
  next: (row: number, column: number, state: number) => number,
): Movement {
  const states = operands.rows(word.A);
  let change = 0;
  let finite = true;
  for (let r = first; r < end; r++) {
    for (let c = 0; c < operands.word(word.COLUMNS); c++) {
      const old = states.get(r, c);
      states.set(r, c, next(r, c, old));
      // As it is stored: what is too large for the element type is infinite.
      const moved = states.get(r, c);
      change = Math.max(change, operands.round(Math.abs(moved - old)));
      finite &&= Number.isFinite(moved);
    }
  }
  return { change, finite };
}

/** emitted = ρ(s) where asked. */
function emitStates(operands: Operands, range: RowRange): void {
  if (operands.has(word.OUT)) emit(operands, range);
}

function updateMap(operands: Operands, range: RowRange): Movement {
  const drive = operands.rows(word.B);
  const nudge = operands.rowsOrZeros(word.C);
  const rate = operands.gains(word.GAIN);
  const { value } = activationOf(operands);
  const inside = operands.word(word.KIND) === word.NUDGE_INSIDE;
  return update(operands, range, (r, c, s) => {
    const target = inside ? value(drive.get(r, c) + nudge.get(r, c)) : value(drive.get(r, c)) + nudge.get(r, c);
    return (1 - rate.get(0, c)) * s + rate.get(0, c) * target;
  });
}

function updateEnergy(operands: Operands, range: RowRange): Movement {
  const drive = operands.rows(word.B);
  const nudge = operands.rowsOrZeros(word.C);
  const rate = operands.gains(word.GAIN);
  const { slope, lowest, highest } = activationOf(operands);
  const movement = update(operands, range, (r, c, s) => {
    const moved = s + rate.get(0, c) * (-s + slope(s) * drive.get(r, c) + nudge.get(r, c));
    // NaN stays NaN.
    return Math.min(Math.max(moved, lowest), highest);
  });
  emitStates(operands, range);
  return movement;
}

function updatePrediction(operands: Operands, range: RowRange): Movement {
  const drive = operands.rows(word.B);
  const nudge = operands.rowsOrZeros(word.C);
  const error = operands.rows(word.D);
  const rate = operands.gains(word.GAIN);
  const { slope } = activationOf(operands);
  const movement = update(
    operands,
    range,
    (r, c, s) => s + rate.get(0, c) * (-error.get(r, c) + slope(s) * drive.get(r, c) + nudge.get(r, c)),
  );
  emitStates(operands, range);
  return movement;
}
