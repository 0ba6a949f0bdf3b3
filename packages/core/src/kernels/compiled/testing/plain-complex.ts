/** What operations on complex rows compute. */
import type { Activation } from '../../../activations/activation.ts';
import * as word from '../words.ts';
import type { Grid, Operands } from './operands.ts';
import type { Movement, RowOperation, RowRange, UpdateOperation } from './plain-operation.ts';
import { activationOf } from './plain-units.ts';

export const COMPLEX_OPERATIONS: readonly (readonly [number, RowOperation])[] = [[word.SOFTMAX_COMPLEX, softmax]];
export const COMPLEX_UPDATES: readonly (readonly [number, UpdateOperation])[] = [[word.UPDATE_MAP_COMPLEX, updateMap]];

function softmax(operands: Operands, { first, end }: RowRange): void {
  const depth = operands.word(word.DEPTH);
  const [re, im] = [operands.rows(word.A), operands.rows(word.B)];
  const [outRe, outIm] = [operands.rows(word.OUT), operands.rows(word.INIT)];
  for (let r = first; r < end; r++) {
    const columns = Array.from({ length: depth }, (_, c) => c);
    const top = Math.max(...columns.map((c) => re.get(r, c)));
    const sizes = columns.map((c) => Math.exp(re.get(r, c) - top));
    const parts = columns.map((c) => [sizes[c] * Math.cos(im.get(r, c)), sizes[c] * Math.sin(im.get(r, c))] as const);
    const sumRe = parts.reduce((sum, [part]) => sum + part, 0);
    const sumIm = parts.reduce((sum, [, part]) => sum + part, 0);
    const square = sumRe * sumRe + sumIm * sumIm;
    for (let c = 0; c < operands.word(word.COLUMNS); c++) {
      const [x, y] = c < depth ? parts[c] : [0, 0];
      outRe.set(r, c, c < depth ? (x * sumRe + y * sumIm) / square : 0);
      outIm.set(r, c, c < depth ? (y * sumRe - x * sumIm) / square : 0);
    }
  }
}

function continuationOf({ name, continuation }: Activation): NonNullable<Activation['continuation']> {
  if (continuation === undefined) throw new Error(`${name} does not continue into the complex plane`);
  return continuation;
}

function updateMap(operands: Operands, { first, end }: RowRange): Movement {
  const states = [operands.rows(word.A), operands.rows(word.B)] as const;
  const [driveRe, driveIm] = [operands.rows(word.C), operands.rows(word.D)];
  const [nudgeRe, nudgeIm] = [operands.rowsOrZeros(word.OUT), operands.rowsOrZeros(word.INIT)];
  const rates = operands.gains(word.GAIN);
  const continuation = continuationOf(activationOf(operands));
  const inside = operands.word(word.KIND) === word.NUDGE_INSIDE;
  const shown = { re: 0, im: 0 };
  let change = 0;
  let finite = true;
  const move = (state: Grid, r: number, c: number, target: number) => {
    const old = state.get(r, c);
    const rate = rates.get(0, c);
    state.set(r, c, (1 - rate) * old + rate * target);
    const moved = state.get(r, c);
    change = Math.max(change, operands.round(Math.abs(moved - old)));
    finite &&= Number.isFinite(moved);
  };
  for (let r = first; r < end; r++) {
    for (let c = 0; c < operands.word(word.COLUMNS); c++) {
      const [re, im] = [nudgeRe.get(r, c), nudgeIm.get(r, c)];
      if (inside) continuation(driveRe.get(r, c) + re, driveIm.get(r, c) + im, shown);
      else continuation(driveRe.get(r, c), driveIm.get(r, c), shown);
      move(states[0], r, c, inside ? shown.re : shown.re + re);
      move(states[1], r, c, inside ? shown.im : shown.im + im);
    }
  }
  return { change, finite };
}
