/** Barriers are where lanes need them: programs run by lanes that never wait elsewhere come to the same numbers. */
import { describe, expect, it } from 'vitest';
import { softmaxComplex, updateMapComplex } from './complex-operations.ts';
import { withBarriers } from './hazards.ts';
import type { Operation, Rows } from './operation.ts';
import { combineRows, fillRows, outer, product, softmaxRows, thinProduct, transpose } from './operations.ts';
import { BARRIER, TANH } from './words.ts';

const rows = (pointer: number, stride = 64): Rows => ({ pointer, stride });
const [states, drive, weights, above, copy] = [64, 128, 192, 256, 320];

const up = (out: number, init?: Rows): Operation =>
  product({ a: rows(states), weights, depth: 64, columns: 64, init, gain: undefined, out: rows(out) });

/** Where barriers were put: the numbers of the operations that follow one. */
function guarded(...operations: readonly Operation[]): number[] {
  const list = withBarriers(operations);
  expect(list.filter(({ code }) => code !== BARRIER)).toEqual(operations);
  return list.flatMap(({ code }, k) => (code === BARRIER ? [operations.indexOf(list[k + 1])] : []));
}

describe('barriers', () => {
  it('keep a product from states that lanes have still to write', () => {
    expect(guarded(fillRows(rows(states), 64, 0), up(drive))).toEqual([1]);
  });

  it('keep states from changing while a product may still read them', () => {
    expect(guarded(up(drive), fillRows(rows(states), 64, 0))).toEqual([1]);
  });

  it('are not put between operations in which a lane has the same columns', () => {
    const doubled = combineRows([2, rows(drive)], [0, undefined], rows(drive), 64);
    expect(guarded(up(drive), up(drive, rows(drive)), doubled)).toEqual([]);
  });

  it('are not put between operations in which a lane has the same rows', () => {
    const thin = thinProduct({
      ...{ a: rows(states), weights, depth: 10, columns: 64, init: undefined, gain: undefined },
      out: rows(above, 16),
    });
    const half = combineRows([0.5, rows(above, 16)], [0, undefined], rows(above, 16), 16);
    expect(guarded(thin, softmaxRows(rows(above, 16), rows(above, 16), 10, 16), half)).toEqual([]);
  });

  it('part what is shared by rows from what is shared by columns', () => {
    expect(guarded(up(drive), softmaxRows(rows(drive), rows(drive), 64, 64))).toEqual([1]);
  });

  it('stand before and behind reductions over samples', () => {
    const gradient = () => outer([rows(states), rows(drive)], [undefined, undefined], weights, 64, 64);
    expect(guarded(up(drive), gradient(), up(above))).toEqual([1, 2]);
    expect(guarded(gradient(), gradient())).toEqual([1]);
    expect(guarded(transpose(weights, 64, 64, copy), gradient())).toEqual([1]);
  });

  it('look at both parts of complex rows', () => {
    const parts = (re: number, im: number) => ({ re: rows(re), im: rows(im) });
    const move = updateMapComplex({
      ...{ state: parts(above, states), drive: parts(copy, drive), nudge: undefined, rates: 512, columns: 64 },
      ...{ activation: { code: TANH, slope: 0, highest: 0 }, layer: 1, nudgeInside: true },
    });
    expect(guarded(up(drive), move, up(drive))).toEqual([1, 2]);
    const read = softmaxComplex(parts(above, states), parts(copy, drive), 10, 64);
    expect(guarded(move, read)).toEqual([1]);
    expect(guarded(read, up(weights, rows(drive)))).toEqual([1]);
  });

  it('are put once for all that came before', () => {
    const after = [combineRows([1, rows(drive)], [0, undefined], rows(above), 64), up(copy)];
    expect(guarded(fillRows(rows(states), 64, 0), fillRows(rows(drive), 64, 0), up(above), ...after)).toEqual([2]);
  });
});
