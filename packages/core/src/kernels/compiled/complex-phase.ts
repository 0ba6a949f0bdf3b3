/**
 * A phase whose states are complex, as a program. Linear operations run once for the real parts and once for the imaginary
 * ones; bias, input and labels are real.
 */
import { carryDown, carryUp } from './carry.ts';
import { type ComplexRows, softmaxComplex, updateMapComplex } from './complex-operations.ts';
import { constantDrive, fromAbove, fromBelow, materialized } from './drives.ts';
import type { Layout } from './layout.ts';
import type { Operation, Rows } from './operation.ts';
import { combineRows, copyRows, fillRows } from './operations.ts';
import { type PhaseShape, stepOf } from './phase-program.ts';
import type { Compiled, Knob } from './program-store.ts';
import { readoutOf } from './readout.ts';
import { sharedRow } from './tensors.ts';

export interface ComplexPhaseShape extends PhaseShape {
  /** Whether the states that it starts from are complex. */
  readonly startsComplex: boolean;
}

/**
 * Its knobs: −Re β, Re β, −Im β and Im β, first to fourth, where labels pull; 1 − fraction and fraction, first and second, of
 * a hold.
 */
export function complexPhaseProgram(layout: Layout, shape: ComplexPhaseShape): Omit<Compiled, 'split'> {
  const { lastSettling } = layout;
  const { into, schedule, isHeld, isPulled } = shape;
  const settling = Array.from({ length: lastSettling }, (_, k) => k + 1);
  const moving = settling.filter((layer) => !(isHeld && layer === lastSettling));
  const start = startOf(layout, shape);
  const knobs = [...start.knobs];
  const step = stepOf(schedule, moving, (moved) => {
    if (!(isPulled && moved.includes(lastSettling))) return moveLayers(layout, shape, moved, undefined);
    const pull = pullToLabels(layout, into);
    knobs.push(...pull.knobs);
    return [...pull.operations, ...moveLayers(layout, shape, moved, pull.nudge)];
  });
  const end = readSoftmax(layout, statesOf(layout, into, lastSettling), (readout) => statesOf(layout, into, readout));
  return { sections: [start.operations, step, end], knobs };
}

/** The states of a layer of a slot, whose imaginary parts mean something where the slot is complex. */
export function statesOf(layout: Layout, slot: number, layer: number): ComplexRows {
  return { re: layout.layers[layer].states[slot], im: imaginaryOf(layout, layer).states[slot] };
}

function imaginaryOf({ layers }: Layout, layer: number) {
  const { imaginary } = layers[layer];
  if (imaginary === undefined) throw new Error(`nothing was laid out for imaginary parts of layer ${layer}`);
  return imaginary;
}

function startOf(layout: Layout, { from, into, isHeld, startsComplex }: ComplexPhaseShape) {
  const { places, lastSettling, labelRows } = layout;
  const operations = places.flatMap(({ stride }, layer) => {
    if (layer === 0) return [];
    const to = statesOf(layout, into, layer);
    if (from === 'zeros') return [fillRows(to.re, stride, 0), fillRows(to.im, stride, 0)];
    const source = statesOf(layout, from, layer);
    return [
      copyRows(source.re, to.re, stride),
      startsComplex ? copyRows(source.im, to.im, stride) : fillRows(to.im, stride, 0),
    ];
  });
  if (!isHeld) return { operations, knobs: [] };
  const { stride } = places[lastSettling];
  const { re, im } = statesOf(layout, into, lastSettling);
  const held = combineRows([0, re], [1, labelRows], re, stride);
  const fading = combineRows([0, im], [0, undefined], im, stride);
  const knobs: readonly Knob[] = [
    { operation: held, numbers: ['first', 'second'], parameter: undefined },
    { operation: fading, numbers: ['first'], parameter: undefined },
  ];
  return { operations: [...operations, held, fading], knobs };
}

/** Takes some layers one step further, all from the states of one moment. */
function moveLayers(
  layout: Layout,
  { into, schedule }: ComplexPhaseShape,
  moved: readonly number[],
  nudge: ComplexRows | undefined,
): readonly Operation[] {
  const { dynamics } = layout.network;
  const isUpward = schedule === 'feed-forward';
  const operations: Operation[] = [];
  const driveBy = (layer: number, start: Rows | undefined, out: Rows, shown: (layer: number) => Rows): Rows => {
    const up = fromBelow(layout, layer, { start, into: out, shown });
    operations.push(...up.operations);
    const down = isUpward
      ? { operations: [], sum: up.sum }
      : fromAbove(layout, layer, { start: up.sum, into: out, shown });
    const whole = materialized(down, out, layout.places[layer].stride);
    operations.push(...whole.operations);
    return whole.sum;
  };
  const drives = moved.map((layer): ComplexRows => {
    const { drive } = layout.layers[layer];
    const real = (other: number) => statesOf(layout, into, other).re;
    const imaginary = (other: number) => statesOf(layout, into, other).im;
    return {
      re: driveBy(layer, constantDrive(layout, layer), drive, real),
      im: driveBy(layer, undefined, imaginaryOf(layout, layer).drive, imaginary),
    };
  });
  moved.forEach((layer, k) => {
    const { activation, settings, place } = layout.layers[layer];
    operations.push(
      updateMapComplex({
        state: statesOf(layout, into, layer),
        drive: drives[k],
        nudge: layer === layout.lastSettling ? nudge : undefined,
        rates: isUpward ? settings.ones.pointer : settings.rates.pointer,
        columns: place.stride,
        activation,
        layer,
        nudgeInside: dynamics.kind === 'discrete-map' && dynamics.nudge === 'inside',
      }),
    );
  });
  return operations;
}

/** −β ∂C/∂s of the last settling layer, with the knobs that write β. */
function pullToLabels(layout: Layout, slot: number) {
  const { labelRows, layers, places, lastSettling, nudge, probabilities, imaginary } = layout;
  if (imaginary === undefined) throw new Error('nothing was laid out for an imaginary nudge');
  const states = statesOf(layout, slot, lastSettling);
  const pull: ComplexRows = { re: nudge, im: imaginary.nudge };
  const readout = readoutOf(layout);
  if (readout === undefined || probabilities === undefined || imaginary.probabilities === undefined) {
    return { ...strengthened(states, labelRows, pull, places[lastSettling].stride), nudge: pull };
  }
  const read: ComplexRows = { re: probabilities, im: imaginary.probabilities };
  const errors: ComplexRows = { re: probabilities, im: layers[readout.to].drive };
  const { operations, knobs } = strengthened(read, labelRows, errors, readout.above.stride);
  const down = (given: Rows, out: Rows) =>
    carryDown(layout, readout, { given, init: undefined, out, weights: 'feedforward' });
  return {
    operations: [
      ...readSoftmax(layout, states, () => read),
      ...operations,
      ...down(errors.re, pull.re),
      ...down(errors.im, pull.im),
    ],
    knobs,
    nudge: pull,
  };
}

/** out = −β (given − labels). `out.re` may be `given.re`; `out.im` is used on the way and may be neither part of it. */
function strengthened(given: ComplexRows, labels: Rows, out: ComplexRows, columns: number) {
  const difference = combineRows([1, given.re], [-1, labels], out.im, columns);
  const re = combineRows([0, out.im], [0, given.im], out.re, columns);
  const im = combineRows([0, out.im], [0, given.im], out.im, columns);
  const knobs: readonly Knob[] = [
    { operation: re, numbers: ['first', 'fourth'], parameter: undefined },
    { operation: im, numbers: ['third', 'first'], parameter: undefined },
  ];
  return { operations: [difference, re, im], knobs };
}

/** softmax(W s + b) of states of the last settling layer into what `into` says of the read-out; nothing without one. */
function readSoftmax(
  layout: Layout,
  states: ComplexRows,
  into: (readout: number) => ComplexRows,
): readonly Operation[] {
  const readout = readoutOf(layout);
  if (readout === undefined) return [];
  const out = into(readout.to);
  const init = sharedRow(layout.layers[readout.to].biasRow);
  const { units, stride } = readout.above;
  return [
    ...carryUp(layout, readout, { given: states.re, init, out: out.re }),
    ...carryUp(layout, readout, { given: states.im, init: undefined, out: out.im }),
    softmaxComplex(out, out, units, stride),
  ];
}
