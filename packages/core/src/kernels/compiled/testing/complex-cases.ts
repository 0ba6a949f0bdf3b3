/** Tests of the operations on complex rows. */
import { type ComplexRows, softmaxComplex, updateMapComplex } from '../complex-operations.ts';
import { SOFTMAX_COMPLEX, UPDATE_MAP_COMPLEX } from '../words.ts';
import { choose, type OperationCase } from './operation-case.ts';
import type { Scene, Shape, Tensor } from './scene.ts';
import type { Laid } from './stage.ts';
import { ENGINE_ACTIVATIONS, rate } from './unit-cases.ts';

const { logistic, tanh, identity } = ENGINE_ACTIVATIONS;
const HOLOMORPHIC = [logistic, tanh, identity, ENGINE_ACTIVATIONS['holomorphic-hard-sigmoid']];

type Parts = readonly [re: Tensor, im: Tensor];
type Draw = NonNullable<Shape['draw']>;

const parts = (scene: Scene, re: Shape, im: Shape): Parts => [scene.rows(re), scene.rows(im)];
const laidOut = (laid: Laid, [re, im]: Parts): ComplexRows => ({ re: laid.rows(re), im: laid.rows(im) });
const between =
  (low: number, high: number): Draw =>
  (stream, k) =>
    Math.fround(low + (high - low) * stream.uniform(k));

export const COMPLEX_CASES: readonly OperationCase[] = [
  {
    name: 'updateMapComplex',
    code: UPDATE_MAP_COMPLEX,
    kind: 'rows',
    isUpdate: true,
    draw(scene, { rows, columns }) {
      const isTame = !scene.specials.some((value) => !Number.isFinite(value));
      // What infinities become in the complex plane depends on the order of operations.
      const activation = choose(scene, 1, isTame ? HOLOMORPHIC : [identity]);
      const shape = { rows, columns };
      const state = { ...shape, written: columns };
      const states = parts(scene, state, state);
      // Poles lie on the line Re z = ½ of the logistic and beyond π/4 of it; tanh has one at iπ/2.
      const height = activation === logistic ? 0.4 : activation === identity ? 3 : 1;
      const drive = choose(scene, 2, [
        parts(scene, { ...shape, draw: between(-3, 3) }, { ...shape, draw: between(-height, height) }),
        parts(scene, { ...shape, stride: 0, draw: between(-3, 3) }, { ...shape, draw: between(-height, height) }),
      ]);
      const small = { ...shape, draw: between(-0.2, 0.2) };
      const nudge = choose(scene, 3, [parts(scene, small, small), undefined]);
      const rates = scene.vector(columns, { draw: rate });
      const nudgeInside = choose(scene, 6, [true, false]);
      return {
        program: (laid) => [
          updateMapComplex({
            state: laidOut(laid, states),
            drive: laidOut(laid, drive),
            nudge: nudge === undefined ? undefined : laidOut(laid, nudge),
            rates: laid.at(rates),
            columns,
            activation,
            layer: 3,
            nudgeInside,
          }),
        ],
        // The largest |σ'| within the strip is 4.3, that of the logistic.
        bound: { roundings: 16, size: 16 },
      };
    },
  },
  {
    name: 'softmaxComplex',
    code: SOFTMAX_COMPLEX,
    kind: 'rows',
    draw(scene, { rows, columns, depth }) {
      const classes = Math.min(depth, columns);
      const high = choose(scene, 1, [1, 30, 3_000]);
      const out = { rows, columns, written: columns };
      const re = { draw: between(-high, high) };
      // Angles of less than a quarter turn cannot cancel.
      const im = { draw: between(-1, 1) };
      const written = parts(scene, { ...out, ...re }, { ...out, ...im });
      const given = { rows, columns: classes };
      const a = choose(scene, 2, [parts(scene, { ...given, ...re }, { ...given, ...im }), written]);
      return {
        program: (laid) => [softmaxComplex(laidOut(laid, a), laidOut(laid, written), classes, columns)],
        bound: { roundings: 16, size: 4 },
      };
    },
  },
];
