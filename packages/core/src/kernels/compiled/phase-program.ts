/** A whole phase as a program: what it starts from, one relaxation step, and what is made of the last states. */
import type { Schedule } from '../kernel-set.ts';
import { correctedNudges, prepareCorrection } from './correction.ts';
import { constantDrive, fromAbove, fromBelow, materialized, refreshPoolings } from './drives.ts';
import { IDENTITY_ACTIVATION } from './engine-activation.ts';
import type { Layout } from './layout.ts';
import type { Operation, Rows } from './operation.ts';
import {
  combineRows,
  copyRows,
  emitRows,
  fillRows,
  scaleColumns,
  updateEnergy,
  updateMap,
  updatePrediction,
} from './operations.ts';
import { hasPadding } from './places.ts';
import type { Compiled, Knob } from './program-store.ts';
import { pullToLabels, readoutOf, readSoftmax } from './readout.ts';

/** What one program serves; strengths of nudges, numbers of steps and the like are written into it before every run. */
export interface PhaseShape {
  readonly from: number | 'zeros';
  readonly into: number;
  readonly schedule: Exclude<Schedule, 'anderson'>;
  /** Whether outputs are held near the labels. */
  readonly isHeld: boolean;
  /** Whether labels pull at the last states. Otherwise they are not looked at: 0 · ∞ would let them in. */
  readonly isPulled: boolean;
  /** Whether a correction about the slot `about` is added to the forces; otherwise `about` has no meaning. */
  readonly isCorrected: boolean;
  readonly about: number;
}

/** Its knobs: −β and β where labels pull, or 1 − fraction and fraction of a hold. */
export function phaseProgram(layout: Layout, shape: PhaseShape): Omit<Compiled, 'split'> {
  const { lastSettling } = layout;
  const settling = Array.from({ length: lastSettling }, (_, k) => k + 1);
  const moving = settling.filter((layer) => !(shape.isHeld && layer === lastSettling));
  const { before, hold } = startOf(layout, shape);
  const pulls: Operation[] = [];
  const step = stepOf(shape.schedule, moving, (layers) => moveLayers(layout, shape, layers, pulls));
  const knobs = [...pulls, ...(hold === undefined ? [] : [hold])].map(
    (operation): Knob => ({ operation, numbers: ['first', 'second'], parameter: undefined }),
  );
  return { sections: [before, step, endOf(layout, shape.into)], knobs };
}

/** The operations of a step, from those that move some layers at one moment. */
export function stepOf(
  schedule: PhaseShape['schedule'],
  moving: readonly number[],
  move: (layers: readonly number[]) => readonly Operation[],
): readonly Operation[] {
  switch (schedule) {
    case 'synchronous':
      return move(moving);
    case 'even-odd':
      return [...move(moving.filter((layer) => layer % 2 === 1)), ...move(moving.filter((layer) => layer % 2 === 0))];
    case 'feed-forward':
      return moving.flatMap((layer) => move([layer]));
    default:
      schedule satisfies never;
      throw new Error('unreachable schedule');
  }
}

function startOf(layout: Layout, { from, into, isHeld, isCorrected, about }: PhaseShape) {
  const { layers, places, lastSettling, labelRows } = layout;
  const before: Operation[] = [];
  layers.forEach(({ states, shown, silent }, layer) => {
    const { stride } = places[layer];
    const start = (tensors: readonly Rows[], zero: number) =>
      from === 'zeros' ? fillRows(tensors[into], stride, zero) : copyRows(tensors[from], tensors[into], stride);
    before.push(start(states, 0));
    if (shown !== states) before.push(start(shown, silent));
  });
  let hold: Operation | undefined;
  if (isHeld) {
    const { states, shown, activation } = layers[lastSettling];
    const { stride } = places[lastSettling];
    hold = combineRows([0, states[into]], [1, labelRows], states[into], stride);
    before.push(hold);
    if (shown !== states) before.push(emitRows(states[into], shown[into], stride, activation));
  }
  if (isCorrected) before.push(...prepareCorrection(layout, about));
  return { before, hold };
}

/** Takes some layers one step further, all from the states of one moment. */
function moveLayers(
  layout: Layout,
  shape: PhaseShape,
  moved: readonly number[],
  pulls: Operation[],
): readonly Operation[] {
  const { network, layers, lastSettling, nudge } = layout;
  const { into, schedule, isPulled, isCorrected, about } = shape;
  const operations: Operation[] = [];
  const nudges: (Rows | undefined)[] = [];
  const isUpward = schedule === 'feed-forward';
  // An upward sweep of predictions leaves no error for anything to pull at.
  const isOpen = !(isUpward && network.dynamics.kind === 'prediction-error');
  if (isPulled && isOpen && moved.includes(lastSettling)) {
    const pull = pullToLabels(layout, 1, layers[lastSettling].states[into], nudge);
    operations.push(...pull.operations);
    pulls.push(pull.operations[pull.strengthAt]);
    nudges[lastSettling] = nudge;
  }
  if (isCorrected) {
    const corrected = correctedNudges(layout, moved, into, about, nudges);
    operations.push(...corrected.operations);
    for (const layer of moved) nudges[layer] = corrected.nudges[layer];
  }
  const { kind } = network.dynamics;
  if (kind === 'prediction-error' && !isUpward) {
    operations.push(...predictionStep(layout, into, moved, nudges));
  } else {
    operations.push(...drivenStep(layout, shape, moved, nudges));
  }
  return operations;
}

function drivenStep(
  layout: Layout,
  { into, schedule, isCorrected }: PhaseShape,
  moved: readonly number[],
  nudges: readonly (Rows | undefined)[],
): Operation[] {
  const { dynamics } = layout.network;
  const shown = (layer: number) => layout.layers[layer].shown[into];
  const isUpward = schedule === 'feed-forward';
  const operations: Operation[] = [];
  const drives: (Rows | undefined)[] = [];
  for (const layer of moved) {
    const { drive } = layout.layers[layer];
    const summed = fromBelow(layout, layer, { start: constantDrive(layout, layer), into: drive, shown });
    operations.push(...summed.operations);
    drives[layer] = summed.sum;
  }
  if (!isUpward) {
    operations.push(...refreshPoolings(layout, moved, shown));
    for (const layer of moved) {
      const { drive } = layout.layers[layer];
      const summed = fromAbove(layout, layer, { start: drives[layer], into: drive, shown });
      operations.push(...summed.operations);
      drives[layer] = summed.sum;
    }
  }
  for (const layer of moved) {
    const { states, activation, settings, place } = layout.layers[layer];
    const drive = drives[layer];
    if (drive === undefined) throw new Error(`nothing drives layer ${layer}`);
    const isSeparate = states !== layout.layers[layer].shown;
    const operands = {
      state: states[into],
      drive,
      nudge: nudges[layer],
      rates: isUpward ? settings.ones.pointer : settings.rates.pointer,
      columns: place.stride,
      layer,
    };
    if (dynamics.kind === 'energy-gradient') {
      operations.push(updateEnergy({ ...operands, activation, emitted: isSeparate ? shown(layer) : undefined }));
      continue;
    }
    // An upward sweep of predictions makes each state what is predicted of it.
    const isPrediction = dynamics.kind === 'prediction-error';
    const nudgeInside = dynamics.kind === 'discrete-map' && dynamics.nudge === 'inside' && !isCorrected;
    operations.push(
      updateMap({ ...operands, activation: isPrediction ? IDENTITY_ACTIVATION : activation, nudgeInside }),
    );
    if (isSeparate) operations.push(emitRows(states[into], shown(layer), place.stride, activation));
  }
  return operations;
}

function predictionStep(
  layout: Layout,
  into: number,
  moved: readonly number[],
  nudges: readonly (Rows | undefined)[],
): Operation[] {
  const shown = (layer: number) => layout.layers[layer].shown[into];
  const errorOf = (layer: number) => layout.layers[layer].errors[0];
  const needed = Array.from({ length: layout.lastSettling }, (_, k) => k + 1).filter(
    (layer) =>
      moved.includes(layer) ||
      layout.connections.some(({ from, to, feedsBack }) => to === layer && feedsBack && moved.includes(from)),
  );
  const operations = needed.flatMap((layer) => predictionError(layout, into, layer, errorOf(layer)));
  const drives: Rows[] = [];
  for (const layer of moved) {
    const { drive, place } = layout.layers[layer];
    const summed = materialized(
      fromAbove(layout, layer, { start: undefined, into: drive, shown: errorOf }),
      drive,
      place.stride,
    );
    operations.push(...summed.operations);
    drives[layer] = summed.sum;
  }
  for (const layer of moved) {
    const { states, activation, settings, place } = layout.layers[layer];
    operations.push(
      updatePrediction({
        state: states[into],
        drive: drives[layer],
        nudge: nudges[layer],
        rates: settings.rates.pointer,
        columns: place.stride,
        activation,
        layer,
        error: errorOf(layer),
        emitted: states === layout.layers[layer].shown ? undefined : shown(layer),
      }),
    );
  }
  return operations;
}

/** error = s − (b + what comes up) in a slot; leaves the prediction in the layer's drive. */
export function predictionError(layout: Layout, slot: number, layer: number, error: Rows): readonly Operation[] {
  const { drive, states, place } = layout.layers[layer];
  const shown = (below: number) => layout.layers[below].shown[slot];
  const summed = fromBelow(layout, layer, { start: constantDrive(layout, layer), into: drive, shown });
  const { operations, sum } = materialized(summed, drive, place.stride);
  return [...operations, combineRows([1, states[slot]], [-1, sum], error, place.stride)];
}

/** Padding that shows something becomes silent, for gradients; a read-out reads. */
function endOf(layout: Layout, into: number): readonly Operation[] {
  const { layers, lastSettling } = layout;
  const operations: Operation[] = [];
  layers.forEach(({ shown, silent, place, settings }) => {
    if (silent === 0 || !hasPadding(place)) return;
    operations.push(scaleColumns(shown[into], settings.ones.pointer, undefined, shown[into], place.stride));
  });
  const readout = readoutOf(layout);
  if (readout === undefined) return operations;
  return [
    ...operations,
    ...readSoftmax(layout, readout, layers[lastSettling].states[into], layers[readout.to].states[into]),
  ];
}
