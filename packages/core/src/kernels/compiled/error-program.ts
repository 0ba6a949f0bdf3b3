/** Errors that travel down one upward sweep, and the response that a gradient without symmetry is made of, as operations. */
import { carryDown } from './carry.ts';
import { fullDrives } from './correction.ts';
import { constantDrive, fromBelow } from './drives.ts';
import type { Layout } from './layout.ts';
import type { Operation, Rows } from './operation.ts';
import { combineRows, fillRows, multiplySlope } from './operations.ts';
import { pullToLabels } from './readout.ts';

/** δ_k = σ'(drive_k) ⊙ [∂C/∂s_k + Σ_{k → to} Jᵀ δ_to] of the states in `at`, which an upward sweep left there. */
export function errorProgram(layout: Layout, at: number, into: number): readonly Operation[] {
  const { layers, places, connections, lastSettling, network } = layout;
  const operations: Operation[] = [];
  const drives: Rows[] = [];
  const shown = (layer: number) => layers[layer].states[at];
  for (let layer = 1; layer <= lastSettling; layer++) {
    const start = constantDrive(layout, layer);
    const up = fromBelow(layout, layer, { start, into: layers[layer].drive, shown });
    operations.push(...up.operations);
    drives[layer] = up.sum ?? start;
  }
  operations.push(...pullToLabels(layout, -1, shown(lastSettling), layers[lastSettling].states[into]).operations);
  for (let layer = lastSettling; layer >= 1; layer--) {
    const error = layers[layer].states[into];
    const { stride } = places[layer];
    let held: Rows | undefined = layer === lastSettling ? error : undefined;
    for (const connection of connections) {
      // By the chain rule an error goes back wherever a drive went up, even where no drive comes down.
      const leads = network.feedback === 'symmetric' ? connection.joinsSettlingLayers : connection.feedsBack;
      if (connection.from !== layer || !leads) continue;
      const given = layers[connection.to].states[into];
      operations.push(...carryDown(layout, connection, { given, init: held, out: error }));
      held = error;
    }
    if (held === undefined) operations.push(fillRows(error, stride, 0));
    operations.push(multiplySlope(error, drives[layer], error, stride, layers[layer].activation));
  }
  return [...operations, ...silence(layout, into, (layer) => layer > lastSettling)];
}

/** ∂C/∂s of the last settling layer at the states of `at`, zero elsewhere. */
export function costProgram(layout: Layout, at: number, into: number): readonly Operation[] {
  const { layers, lastSettling } = layout;
  const { states } = layers[lastSettling];
  return [
    ...pullToLabels(layout, -1, states[at], states[into]).operations,
    ...silence(layout, into, (layer) => layer !== lastSettling),
  ];
}

function silence({ layers }: Layout, slot: number, isDue: (layer: number) => boolean): readonly Operation[] {
  const operations: Operation[] = [];
  layers.forEach(({ states, place }, layer) => {
    if (isDue(layer)) operations.push(fillRows(states[slot], place.stride, 0));
  });
  return operations;
}

/** (upper − lower) ⊙ σ'(drive at `at`). */
export function responseProgram(
  layout: Layout,
  {
    at,
    lower,
    upper,
    into,
  }: { readonly at: number; readonly lower: number; readonly upper: number; readonly into: number },
): readonly Operation[] {
  const operations = [...fullDrives(layout, at, (layer) => layout.layers[layer].drive)];
  for (let layer = 1; layer <= layout.lastSettling; layer++) {
    const { states, drive, place, activation } = layout.layers[layer];
    operations.push(combineRows([1, states[upper]], [-1, states[lower]], states[into], place.stride));
    operations.push(multiplySlope(states[into], drive, states[into], place.stride, activation));
  }
  return operations;
}
