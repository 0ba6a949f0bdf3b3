/** Operations unit by unit, and those that move or sum entries. */
import { operations, words } from '@settle/core';
import { type Amount, BY_BLOCKS, type OperationCase, TOGETHER } from './operation-case.ts';
import type { Tensors } from './tensors.ts';

const ROWS = 128;
const UNITS = 512;
const ENTRIES = ROWS * UNITS;

const ACTIVATIONS = [
  { name: 'logistic', activation: { code: words.LOGISTIC, slope: 0, highest: 0 } },
  { name: 'tanh', activation: { code: words.TANH, slope: 0, highest: 0 } },
  { name: 'hard sigmoid', activation: { code: words.CLIPPED_LINE, slope: 1, highest: 1 } },
] as const;
const [LOGISTIC, , HARD_SIGMOID] = ACTIVATIONS;

type Step = ReturnType<OperationCase['lay']>['step'];

const perEntry: Amount = { unit: 'ns/entry', entries: ENTRIES };
const moving = (arrays: number): Amount => ({ unit: 'GB/s', entries: arrays * ENTRIES });

function blockCase(operation: string, amount: Amount, step: (tensors: Tensors) => Step): OperationCase {
  return {
    operation,
    shape: `${ROWS} x ${UNITS}`,
    rows: ROWS,
    split: BY_BLOCKS,
    amount,
    lay: (tensors) => ({ before: [], step: step(tensors) }),
  };
}

const states = (tensors: Tensors) => tensors.rows(ROWS, UNITS);

const update = (tensors: Tensors) => ({
  state: states(tensors),
  drive: states(tensors),
  nudge: undefined,
  rates: tensors.vector(UNITS, 0.5),
  columns: UNITS,
  layer: 1,
});

export const UNIT_CASES: readonly OperationCase[] = [
  ...ACTIVATIONS.map(({ name, activation }) =>
    blockCase(`update map, ${name}`, perEntry, (tensors) =>
      operations.updateMap({ ...update(tensors), activation, nudgeInside: true }),
    ),
  ),
  blockCase(`update energy, ${HARD_SIGMOID.name}`, perEntry, (tensors) =>
    operations.updateEnergy({
      ...update(tensors),
      activation: HARD_SIGMOID.activation,
      emitted: states(tensors),
    }),
  ),
  blockCase(`update prediction, ${LOGISTIC.name}`, perEntry, (tensors) => {
    const operands = update(tensors);
    // With the states for errors they stay where they are ordinary numbers.
    return operations.updatePrediction({
      ...operands,
      error: operands.state,
      activation: LOGISTIC.activation,
      emitted: states(tensors),
    });
  }),
  blockCase(`emit, ${LOGISTIC.name}`, perEntry, (tensors) =>
    operations.emitRows(states(tensors), states(tensors), UNITS, LOGISTIC.activation),
  ),
  blockCase(`multiply slope, ${LOGISTIC.name}`, perEntry, (tensors) =>
    operations.multiplySlope(states(tensors), states(tensors), states(tensors), UNITS, LOGISTIC.activation),
  ),
  {
    operation: 'softmax',
    shape: `${ROWS} x 10`,
    rows: ROWS,
    split: BY_BLOCKS,
    amount: { unit: 'ns/entry', entries: ROWS * 10 },
    lay: (tensors) => ({
      before: [],
      step: operations.softmaxRows(tensors.rows(ROWS, 16), tensors.rows(ROWS, 16), 10, 16),
    }),
  },
  blockCase('copy', moving(2), (tensors) => operations.copyRows(states(tensors), states(tensors), UNITS)),
  blockCase('fill', moving(1), (tensors) => operations.fillRows(states(tensors), UNITS, 0)),
  blockCase('combine', moving(3), (tensors) =>
    operations.combineRows([1, states(tensors)], [-1, states(tensors)], states(tensors), UNITS),
  ),
  blockCase('scale columns', moving(2), (tensors) =>
    operations.scaleColumns(states(tensors), tensors.vector(UNITS, 0.5), undefined, states(tensors), UNITS),
  ),
  {
    ...blockCase('column sum', moving(1), (tensors) =>
      operations.columnSum(1, states(tensors), tensors.vector(UNITS, 0), UNITS),
    ),
    split: TOGETHER,
  },
  {
    operation: 'transpose',
    shape: `${UNITS} x ${UNITS}`,
    rows: 1,
    split: TOGETHER,
    amount: { unit: 'GB/s', entries: 2 * UNITS * UNITS },
    lay: (tensors) => ({
      before: [],
      step: operations.transpose(tensors.panels(UNITS, UNITS), UNITS, UNITS, tensors.panels(UNITS, UNITS)),
    }),
  },
  {
    operation: 'pack',
    shape: `${UNITS} x ${UNITS}`,
    rows: 1,
    split: TOGETHER,
    amount: { unit: 'GB/s', entries: 2 * UNITS * UNITS },
    lay: (tensors) => ({
      before: [],
      step: operations.pack(tensors.rows(UNITS, UNITS), UNITS, UNITS, tensors.panels(UNITS, UNITS)),
    }),
  },
];
