/** A whole phase: relaxation steps by any schedule until the states rest or the steps are used up. */
import type { Complex } from '../../tensor/complex.ts';
import { checkSlots, type Phase, type SettleReport, type Teaching } from '../kernel-set.ts';
import type { Accelerator } from './anderson.ts';
import { correctionAbout } from './correction.ts';
import { emit } from './emission.ts';
import { clear, copy, type Field, realPart } from './field.ts';
import type { Layout } from './layout.ts';
import { readSoftmax } from './readout.ts';
import { type StepForces, stepLayers } from './step.ts';
import { refuseSettings } from './unit-settings.ts';

interface SweepReport {
  /** The largest change of a state; NaN or infinite when a state is. */
  readonly change: number;
  /** The lowest layer with a state that is not finite. */
  readonly brokenLayer: number | undefined;
}

export function settle(
  layout: Layout,
  phase: Phase,
  samples: number,
  accelerate: Accelerator | undefined,
): SettleReport {
  checkPhase(layout, phase);
  const { watch } = layout;
  watch.isArmed = phase.interruptible;
  const report = relax(layout, phase, samples, accelerate);
  watch.isArmed = false;
  return report;
}

function relax(layout: Layout, phase: Phase, samples: number, accelerate: Accelerator | undefined): SettleReport {
  const { watch } = layout;
  const { from, into, schedule, teaching } = phase;
  const isComplex = isComplexTeaching(teaching) || (from !== 'zeros' && layout.isComplex[from]);
  layout.isComplex[into] = isComplex;
  const states = layout.slots[into].map((field) => (isComplex ? field : realPart(field)));
  start(layout, phase, states, samples);

  const held = teaching.kind === 'hold';
  const moving = Array.from({ length: layout.lastSettling }, (_, k) => k + 1).filter(
    (layer) => !(held && layer === layout.lastSettling),
  );
  const forces: StepForces = {
    beta: betaOf(teaching),
    correction: teaching.kind === 'nudge-corrected' ? correctionAt(layout, teaching.about, samples) : undefined,
    upward: schedule === 'feed-forward',
  };
  const { dynamics } = layout.network;
  const stepSize = 'stepSize' in dynamics ? dynamics.stepSize : 1;
  if (schedule === 'anderson') {
    accelerate?.reset();
    layout.flat.point.fill(0);
    layout.flat.swept.fill(0);
  }

  let residual = 0;
  let steps = 0;
  let reason: 'tolerance' | 'steps' = 'steps';
  const most = schedule === 'feed-forward' ? 1 : phase.steps;
  while (steps < most) {
    if (watch.isStopping()) return { kind: 'stopped' };
    const sweep = sweepOnce(layout, phase, moving, states, forces, samples);
    // Operations within the sweep may have given up.
    if (watch.isStopping()) return { kind: 'stopped' };
    steps++;
    residual = sweep.change / stepSize;
    if (sweep.brokenLayer !== undefined || !Number.isFinite(sweep.change)) {
      return { kind: 'not-finite', layer: sweep.brokenLayer ?? layout.lastSettling, step: steps };
    }
    if (residual < phase.tolerance && steps >= phase.leastSteps) {
      reason = 'tolerance';
      break;
    }
    if (schedule === 'anderson' && accelerate !== undefined && steps < most) {
      extrapolate(layout, accelerate, moving, states, samples);
    }
  }
  finish(layout, states, samples);
  return { kind: 'settled', steps, residual: schedule === 'feed-forward' ? 0 : residual, reason };
}

function checkPhase(layout: Layout, { from, into, schedule, teaching }: Phase): void {
  const { network, workspace } = layout;
  const { dynamics, readout } = network;
  checkSlots(workspace, from === 'zeros' ? [into] : [from, into]);
  if (from === into) throw new RangeError('a phase ends in another slot than it starts from');
  if (schedule === 'anderson' && !workspace.anderson) {
    throw new RangeError('this workspace does not remember the sweeps that Anderson acceleration needs');
  }
  if (schedule === 'feed-forward' && dynamics.kind === 'energy-gradient') {
    throw new RangeError('an energy of states has no upward sweep');
  }
  if (teaching.kind === 'hold' && readout !== 'squared-error') {
    throw new RangeError('outputs outside the dynamics cannot be held');
  }
  if (teaching.kind === 'nudge-corrected' && dynamics.kind !== 'discrete-map') {
    throw new RangeError(`a relaxation of ${dynamics.kind} has no correction`);
  }
  if (teaching.kind === 'nudge-corrected') refuseSettings(layout, 'a correction');
  if (!isComplexTeaching(teaching)) return;
  if (!workspace.complexStates) throw new RangeError('this workspace has no complex states');
  if (dynamics.kind !== 'discrete-map') throw new RangeError(`states of ${dynamics.kind} stay real`);
}

function isComplexTeaching(teaching: Teaching): boolean {
  return teaching.kind === 'nudge' && typeof teaching.beta !== 'number' && teaching.beta.im !== 0;
}

function betaOf(teaching: Teaching): Complex | undefined {
  if (teaching.kind !== 'nudge' && teaching.kind !== 'nudge-corrected') return undefined;
  const beta = typeof teaching.beta === 'number' ? { re: teaching.beta, im: 0 } : teaching.beta;
  return beta.re === 0 && beta.im === 0 ? undefined : beta;
}

function correctionAt(layout: Layout, about: number, samples: number): StepForces['correction'] {
  return correctionAbout(layout, layout.slots[about].map(realPart), samples);
}

function start(layout: Layout, { from, teaching }: Phase, states: readonly Field[], samples: number): void {
  const { labels, lastSettling, units } = layout;
  for (let layer = 1; layer < units.length; layer++) {
    if (from === 'zeros') clear(states[layer]);
    else {
      const source = layout.slots[from][layer];
      copy(layout.isComplex[from] ? source : realPart(source), states[layer], samples * units[layer]);
    }
  }
  if (teaching.kind !== 'hold') return;
  const { re, im } = states[lastSettling];
  for (let i = 0; i < samples * units[lastSettling]; i++) {
    re[i] += teaching.fraction * (labels[i] - re[i]);
    if (im !== undefined) im[i] -= teaching.fraction * im[i];
  }
}

function sweepOnce(
  layout: Layout,
  { schedule }: Phase,
  moving: readonly number[],
  states: readonly Field[],
  forces: StepForces,
  samples: number,
): SweepReport {
  switch (schedule) {
    case 'synchronous':
      return moveLayers(layout, moving, states, forces, samples);
    case 'even-odd':
    case 'anderson': {
      // Anderson extrapolates from the point before the sweep, which has to be kept.
      if (schedule === 'anderson') remember(layout, moving, states, samples);
      const odd = moveLayers(layout, moving.filter(isOdd), states, forces, samples);
      const even = moveLayers(layout, moving.filter(isEven), states, forces, samples);
      return { change: Math.max(odd.change, even.change), brokenLayer: lower(odd.brokenLayer, even.brokenLayer) };
    }
    case 'feed-forward': {
      let brokenLayer: number | undefined;
      for (const layer of moving) brokenLayer ??= moveLayers(layout, [layer], states, forces, samples).brokenLayer;
      return { change: 0, brokenLayer };
    }
    default:
      schedule satisfies never;
      throw new Error('unreachable schedule');
  }
}

function lower(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

const isOdd = (layer: number) => layer % 2 === 1;
const isEven = (layer: number) => layer % 2 === 0;

function moveLayers(
  layout: Layout,
  layers: readonly number[],
  states: readonly Field[],
  forces: StepForces,
  samples: number,
): SweepReport {
  stepLayers(layout, layers, states, forces, samples);
  let change = 0;
  let brokenLayer: number | undefined;
  for (const layer of layers) {
    const count = samples * layout.units[layer];
    const next = layout.scratch.next[layer];
    const largest = moveTo(states[layer], next, count);
    // A layer that left a bad state behind is not the one to name, if its new ones are finite.
    if (!Number.isFinite(largest) && !areFinite(states[layer], count)) brokenLayer ??= layer;
    change = Math.max(change, largest);
  }
  return { change, brokenLayer };
}

/** Takes over `next` and returns the largest change of a component. */
function moveTo({ re, im }: Field, next: Field, count: number): number {
  let largest = 0;
  for (let i = 0; i < count; i++) {
    largest = Math.max(largest, Math.abs(next.re[i] - re[i]));
    re[i] = next.re[i];
  }
  if (im === undefined || next.im === undefined) return largest;
  for (let i = 0; i < count; i++) {
    largest = Math.max(largest, Math.abs(next.im[i] - im[i]));
    im[i] = next.im[i];
  }
  return largest;
}

function areFinite({ re, im }: Field, count: number): boolean {
  for (let i = 0; i < count; i++) {
    if (!Number.isFinite(re[i]) || (im !== undefined && !Number.isFinite(im[i]))) return false;
  }
  return true;
}

function finish(layout: Layout, states: readonly Field[], samples: number): void {
  const last = layout.units.length - 1;
  if (last === layout.lastSettling) return;
  const shown = layout.network.dynamics.kind === 'goodness' ? emit(layout, states, samples) : states;
  readSoftmax(layout, shown[last - 1], states[last], samples);
}

/** The accelerator's view of the states: one row per sample, all moving layers side by side. */
function remember(layout: Layout, moving: readonly number[], states: readonly Field[], samples: number): void {
  gather(layout, moving, states, layout.flat.point, samples);
}

function extrapolate(
  layout: Layout,
  accelerate: Accelerator,
  moving: readonly number[],
  states: readonly Field[],
  samples: number,
): void {
  const { point, swept } = layout.flat;
  gather(layout, moving, states, swept, samples);
  accelerate.extrapolate(point, swept, samples);
  let offset = 0;
  for (const layer of moving) {
    for (const values of componentsOf(states[layer])) {
      eachRow(layout, layer, samples, offset, (row, at, units) => values.set(point.subarray(at, at + units), row));
      offset += layout.units[layer];
    }
  }
}

function gather(
  layout: Layout,
  moving: readonly number[],
  states: readonly Field[],
  into: Float64Array,
  samples: number,
): void {
  let offset = 0;
  for (const layer of moving) {
    for (const values of componentsOf(states[layer])) {
      eachRow(layout, layer, samples, offset, (row, at, units) => into.set(values.subarray(row, row + units), at));
      offset += layout.units[layer];
    }
  }
}

function componentsOf({ re, im }: Field): readonly Float64Array[] {
  return im === undefined ? [re] : [re, im];
}

function eachRow(
  layout: Layout,
  layer: number,
  samples: number,
  offset: number,
  visit: (row: number, at: number, units: number) => void,
): void {
  const units = layout.units[layer];
  for (let sample = 0; sample < samples; sample++) visit(sample * units, sample * layout.flat.length + offset, units);
}
