/** Two layers that settle together, for tests of whole runs. */
import type { Operation } from '../operation.ts';
import { barrier, fillRows, product, thinProduct, updateEnergy, updateMap } from '../operations.ts';
import type { Scene } from './scene.ts';
import type { Laid } from './stage.ts';
import { ENGINE_ACTIVATIONS } from './unit-cases.ts';

/** A hidden layer and a thin one that settle together, energy-based, as a network is compiled. */
export function settlingPair(scene: Scene, rows: number, columns: number) {
  const small = {
    draw: (stream: { uniform(k: number): number }, k: number) => Math.fround((2 * stream.uniform(k) - 1) / 8),
  };
  const hidden = scene.rows({ rows, columns, written: columns });
  const output = scene.rows({ rows, columns: 16, written: 16 });
  const hiddenDrive = scene.rows({ rows, columns, written: columns });
  const outputDrive = scene.rows({ rows, columns: 16, written: 16 });
  const bias = scene.rows({ rows, columns, ...small });
  const weights = scene.panels(16, columns);
  const [hiddenRates, outputRates] = [columns, 16].map((length) => scene.vector(length, { draw: () => 0.5 }));
  const activation = ENGINE_ACTIVATIONS.logistic;
  const zero = (laid: Laid): Operation[] => [
    fillRows(laid.rows(hidden), columns, 0),
    fillRows(laid.rows(output), 16, 0.25),
  ];
  const step = (laid: Laid): Operation[] => [
    product({
      a: laid.rows(output),
      weights: laid.at(weights),
      depth: 16,
      columns,
      init: laid.rows(bias),
      gain: undefined,
      out: laid.rows(hiddenDrive),
    }),
    thinProduct({
      a: laid.rows(hidden),
      weights: laid.at(weights),
      depth: 16,
      columns,
      init: undefined,
      gain: undefined,
      out: laid.rows(outputDrive),
    }),
    barrier(),
    updateMap({
      state: laid.rows(hidden),
      drive: laid.rows(hiddenDrive),
      nudge: undefined,
      rates: laid.at(hiddenRates),
      columns,
      activation,
      layer: 1,
      nudgeInside: true,
    }),
    updateEnergy({
      state: laid.rows(output),
      drive: laid.rows(outputDrive),
      nudge: undefined,
      rates: laid.at(outputRates),
      columns: 16,
      activation,
      layer: 2,
      emitted: undefined,
    }),
  ];
  return { zero, step };
}
