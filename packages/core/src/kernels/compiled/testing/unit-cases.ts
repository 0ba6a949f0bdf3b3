/** Tests of the operations on units: activations, softmax, updates of states. */
import type { EngineActivation } from '../operation.ts';
import { emitRows, multiplySlope, softmaxRows, updateEnergy, updateMap, updatePrediction } from '../operations.ts';
import * as word from '../words.ts';
import { choose, type OperationCase, rowsIfAny, type Sizes } from './operation-case.ts';
import type { Scene, Shape } from './scene.ts';
import type { Laid } from './stage.ts';

const clippedLine = (slope: number, highest: number): EngineActivation => ({ code: word.CLIPPED_LINE, slope, highest });
const smooth = (code: number): EngineActivation => ({ code, slope: 0, highest: 0 });

/** As engines know the activations of packages/core/src/activations. */
export const ENGINE_ACTIVATIONS = {
  'hard-sigmoid': clippedLine(1, 1),
  'half-hard-sigmoid': clippedLine(0.5, 1),
  'clipped-relu': clippedLine(1, 6),
  logistic: smooth(word.LOGISTIC),
  tanh: smooth(word.TANH),
  'holomorphic-hard-sigmoid': smooth(word.HOLOMORPHIC_HARD_SIGMOID),
  identity: smooth(word.IDENTITY),
} as const;

/** Those that have limits: the two terms of the holomorphic hard sigmoid are ∞ − ∞ far out. */
const WITH_LIMITS = Object.values(ENGINE_ACTIVATIONS).filter(({ code }) => code !== word.HOLOMORPHIC_HARD_SIGMOID);

function drawActivation(scene: Scene): EngineActivation {
  const isTame = !scene.specials.some((value) => !Number.isFinite(value));
  return choose(scene, 1, isTame ? Object.values(ENGINE_ACTIVATIONS) : WITH_LIMITS);
}

type Draw = NonNullable<Shape['draw']>;

const wide: Draw = (stream, k) => Math.fround(6 * stream.uniform(k) - 3);
/** Inside the range of most activations, at corners and a little outside. */
const nearRange: Draw = (stream, k) => {
  const drawn = stream.uniform(k);
  return drawn < 0.1 ? choose({ stream }, k, [0, 1, 2, 6, -0]) : Math.fround(1.5 * drawn - 0.2);
};
/** Some units do not move. */
export const rate: Draw = (stream, k) => Math.max(0, Math.fround(1.2 * stream.uniform(k) - 0.2));

/** Operands that all updates have. */
function drawUpdate(scene: Scene, { rows, columns }: Sizes): (laid: Laid) => Parameters<typeof updateEnergy>[0] {
  const activation = drawActivation(scene);
  const state = scene.rows({ rows, columns, written: columns, draw: nearRange });
  const drive = choose(scene, 2, [
    scene.rows({ rows, columns, draw: wide }),
    scene.rows({ rows, columns, stride: 0, draw: wide }),
  ]);
  const nudge = choose(scene, 3, [scene.rows({ rows, columns }), undefined]);
  const rates = scene.vector(columns, { draw: rate });
  const emitted = choose(scene, 4, [true, false]) ? scene.rows({ rows, columns, written: columns }) : undefined;
  return (laid) => ({
    state: laid.rows(state),
    drive: laid.rows(drive),
    nudge: rowsIfAny(laid, nudge),
    rates: laid.at(rates),
    columns,
    activation,
    layer: choose(scene, 5, [1, 2, 7]),
    emitted: rowsIfAny(laid, emitted),
  });
}

/** Every term of an update is smaller than 4, of which there are four. */
const UPDATE_BOUND = { roundings: 16, size: 16 };

export const UNIT_CASES: readonly OperationCase[] = [
  {
    name: 'updateMap',
    kind: 'rows',
    isUpdate: true,
    draw(scene, { rows, columns }) {
      const activation = drawActivation(scene);
      const state = scene.rows({ rows, columns, written: columns, draw: nearRange });
      const drive = scene.rows({ rows, columns, draw: wide });
      const nudge = choose(scene, 3, [scene.rows({ rows, columns }), undefined]);
      const rates = scene.vector(columns, { draw: rate });
      const nudgeInside = choose(scene, 6, [true, false]);
      return {
        program: (laid) => [
          updateMap({
            state: laid.rows(state),
            drive: laid.rows(drive),
            nudge: rowsIfAny(laid, nudge),
            rates: laid.at(rates),
            columns,
            activation,
            layer: 3,
            nudgeInside,
          }),
        ],
        bound: UPDATE_BOUND,
      };
    },
  },
  {
    name: 'updateEnergy',
    kind: 'rows',
    isUpdate: true,
    draw(scene, sizes) {
      const operands = drawUpdate(scene, sizes);
      return { program: (laid) => [updateEnergy(operands(laid))], bound: UPDATE_BOUND };
    },
  },
  {
    name: 'updatePrediction',
    kind: 'rows',
    isUpdate: true,
    draw(scene, sizes) {
      const operands = drawUpdate(scene, sizes);
      const error = scene.rows({ rows: sizes.rows, columns: sizes.columns });
      return {
        program: (laid) => [updatePrediction({ ...operands(laid), error: laid.rows(error) })],
        bound: UPDATE_BOUND,
      };
    },
  },
  {
    name: 'emitRows',
    kind: 'rows',
    draw(scene, { rows, columns }) {
      const activation = drawActivation(scene);
      const out = scene.rows({ rows, columns, written: columns, draw: wide });
      const a = choose(scene, 2, [scene.rows({ rows, columns, draw: wide }), out]);
      return {
        program: (laid) => [emitRows(laid.rows(a), laid.rows(out), columns, activation)],
        bound: { roundings: 4, size: 4 },
      };
    },
  },
  {
    name: 'multiplySlope',
    kind: 'rows',
    draw(scene, { rows, columns }) {
      const activation = drawActivation(scene);
      const out = scene.rows({ rows, columns, written: columns });
      const a = choose(scene, 2, [scene.rows({ rows, columns }), out]);
      const b = scene.rows({ rows, columns, draw: choose(scene, 3, [wide, nearRange]) });
      return {
        program: (laid) => [multiplySlope(laid.rows(a), laid.rows(b), laid.rows(out), columns, activation)],
        bound: { roundings: 8, size: 4 },
      };
    },
  },
  {
    name: 'softmaxRows',
    kind: 'rows',
    draw(scene, { rows, columns, depth }) {
      const classes = Math.min(depth, columns);
      const high = choose(scene, 1, [1, 30, 3_000]);
      const draw: Draw = (stream, k) => Math.fround(high * (2 * stream.uniform(k) - 1));
      const out = scene.rows({ rows, columns, written: columns, draw });
      const a = choose(scene, 2, [scene.rows({ rows, columns: classes, draw }), out]);
      return {
        program: (laid) => [softmaxRows(laid.rows(a), laid.rows(out), classes, columns)],
        bound: { roundings: 16, size: 1 },
      };
    },
  },
];
