/**
 * Operations on complex rows, whose real and imaginary parts are two tensors. Linear operations need none of their own: they run
 * once for each part.
 */
import { type EngineActivation, type Operation, type Pointer, type Rows, rows, width } from './operation.ts';
import * as word from './words.ts';

export interface ComplexRows {
  readonly re: Rows;
  readonly im: Rows;
}

/**
 * s ← (1 − rate) · s + rate · σ(drive + nudge), or with the nudge added outside σ, σ continued into the complex plane (logistic,
 * tanh, holomorphic hard sigmoid, identity). Both parts of a change count towards the residual.
 */
export function updateMapComplex(operands: {
  readonly state: ComplexRows;
  readonly drive: ComplexRows;
  readonly nudge: ComplexRows | undefined;
  /** Step size of each column, [columns]; 0 in padding. */
  readonly rates: Pointer;
  readonly columns: number;
  readonly activation: EngineActivation;
  readonly layer: number;
  readonly nudgeInside: boolean;
}): Operation {
  const { state, drive, nudge, rates, columns, activation, layer, nudgeInside } = operands;
  return {
    code: word.UPDATE_MAP_COMPLEX,
    words: [
      ...rows(word.A, state.re),
      ...rows(word.B, state.im),
      ...rows(word.C, drive.re),
      ...rows(word.D, drive.im),
      ...rows(word.OUT, nudge?.re),
      ...rows(word.INIT, nudge?.im),
      [word.GAIN, rates],
      ...width(columns),
      [word.ACTIVATION, activation.code],
      [word.LAYER, layer],
      [word.KIND, nudgeInside ? word.NUDGE_INSIDE : word.NUDGE_OUTSIDE],
    ],
    numbers: [],
  };
}

/** p = softmax of the first `depth` columns of `a`, e^a over its sum in the complex plane; 0 in the others. */
export function softmaxComplex(a: ComplexRows, out: ComplexRows, depth: number, columns: number): Operation {
  return {
    code: word.SOFTMAX_COMPLEX,
    words: [
      ...rows(word.A, a.re),
      ...rows(word.B, a.im),
      ...rows(word.OUT, out.re),
      ...rows(word.INIT, out.im),
      [word.DEPTH, depth],
      [word.COLUMNS, columns],
      [word.SHARE, word.BY_ROWS],
    ],
    numbers: [],
  };
}
