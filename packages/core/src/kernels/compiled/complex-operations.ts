/**
 * Operations on complex rows, whose real and imaginary parts are two tensors. Linear operations need none of their own: they run
 * once for each part.
 */
import type { EngineActivation, Operation, Pointer, Rows } from './operation.ts';
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
      [word.A, state.re.pointer],
      [word.A_STRIDE, state.re.stride],
      [word.B, state.im.pointer],
      [word.B_STRIDE, state.im.stride],
      [word.C, drive.re.pointer],
      [word.C_STRIDE, drive.re.stride],
      [word.D, drive.im.pointer],
      [word.D_STRIDE, drive.im.stride],
      [word.OUT, nudge?.re.pointer ?? 0],
      [word.OUT_STRIDE, nudge?.re.stride ?? 0],
      [word.INIT, nudge?.im.pointer ?? 0],
      [word.INIT_STRIDE, nudge?.im.stride ?? 0],
      [word.GAIN, rates],
      [word.COLUMNS, columns],
      [word.SHARE, columns <= word.THIN ? word.BY_ROWS : word.BY_COLUMNS],
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
      [word.A, a.re.pointer],
      [word.A_STRIDE, a.re.stride],
      [word.B, a.im.pointer],
      [word.B_STRIDE, a.im.stride],
      [word.OUT, out.re.pointer],
      [word.OUT_STRIDE, out.re.stride],
      [word.INIT, out.im.pointer],
      [word.INIT_STRIDE, out.im.stride],
      [word.DEPTH, depth],
      [word.COLUMNS, columns],
      [word.SHARE, word.BY_ROWS],
    ],
    numbers: [],
  };
}
