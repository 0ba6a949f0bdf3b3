/** A whole phase: refuses what cannot be, runs its program, and reports what came of it. */
import type { Complex } from '../../tensor/complex.ts';
import { checkSlots, type Phase, type SettleReport, type Teaching } from '../kernel-set.ts';
import type { Batch } from './batch.ts';
import { type ComplexPhaseShape, complexPhaseProgram } from './complex-phase.ts';
import { checkComplex } from './complex-states.ts';
import type { Layout } from './layout.ts';
import { phaseProgram } from './phase-program.ts';
import type { Program } from './program-store.ts';
import type { Runner } from './runner.ts';
import type { Split } from './split.ts';
import { refuseSettings, stepSizeOf } from './unit-settings.ts';
import * as word from './words.ts';

export interface Stop {
  /** Pointer to a word that engines look at between steps, or 0. */
  readonly stopWord: number;
  isAsked(): boolean;
}

const SCHEDULES = ['synchronous', 'even-odd', 'feed-forward'] as const;

export interface PhaseContext {
  readonly layout: Layout;
  readonly runner: Runner;
  readonly batch: Batch;
  readonly split: Split;
  readonly stop: Stop;
  /** Whether the engine has the operations that complex states take. */
  readonly runsComplex: boolean;
}

/** Throws RangeError for phases that this network or workspace cannot have. */
export function settlePhase(context: PhaseContext, phase: Phase): SettleReport {
  const { layout, runner, batch, split, stop } = context;
  const shape = shapeOf(context, phase);
  const { teaching, interruptible, leastSteps } = phase;
  if (interruptible && stop.isAsked()) return { kind: 'stopped' };
  if (shape.isCorrected) batch.prepareCorrections();
  layout.isComplex[shape.into] = shape.isComplex;
  const program = runner.take('phase', keyOf(layout, shape), () => {
    const compiled = shape.isComplex ? complexPhaseProgram(layout, shape) : phaseProgram(layout, shape);
    return { ...compiled, split };
  });
  if (teaching.kind === 'hold') runner.turn(program, { first: 1 - teaching.fraction, second: teaching.fraction });
  else {
    const { re, im } = betaOf(teaching);
    runner.turn(program, { first: -re, second: re, third: -im, fourth: im });
  }
  const isSweep = shape.schedule === 'feed-forward';
  const steps = isSweep ? 1 : phase.steps;
  const limits = { steps, leastSteps, tolerance: isSweep ? 0 : phase.tolerance * stepSizeOf(layout) };
  runner.settle(program, batch.samples, limits, interruptible ? stop.stopWord : 0);
  return reportOf(program, isSweep, phase, stepSizeOf(layout));
}

const NO_STRENGTH: Complex = { re: 0, im: 0 };

/** 0 where there is no nudge. */
function betaOf(teaching: Teaching): Complex {
  if (teaching.kind !== 'nudge' && teaching.kind !== 'nudge-corrected') return NO_STRENGTH;
  const { beta } = teaching;
  return typeof beta === 'number' ? { re: beta, im: 0 } : beta;
}

/** The shape of a phase and whether its states are complex. */
interface Shape extends ComplexPhaseShape {
  readonly isComplex: boolean;
}

function shapeOf({ layout, runsComplex }: PhaseContext, { from, into, schedule, teaching }: Phase): Shape {
  const { network, workspace } = layout;
  const { dynamics, readout, feedback } = network;
  checkSlots(workspace, from === 'zeros' ? [into] : [from, into]);
  if (from === into) throw new RangeError('a phase ends in another slot than it starts from');
  if (schedule === 'anderson') throw new RangeError('these kernels lack: anderson');
  if (schedule === 'feed-forward' && dynamics.kind === 'energy-gradient') {
    throw new RangeError('an energy of states has no upward sweep');
  }
  if (teaching.kind === 'hold' && readout !== 'squared-error') {
    throw new RangeError('outputs outside the dynamics cannot be held');
  }
  const about = teaching.kind === 'nudge-corrected' ? teaching.about : 0;
  if (teaching.kind === 'nudge-corrected') {
    checkSlots(workspace, [about]);
    if (dynamics.kind !== 'discrete-map') throw new RangeError(`a relaxation of ${dynamics.kind} has no correction`);
    if (feedback !== 'separate') throw new RangeError('a network with symmetric feedback needs no correction');
    refuseSettings(layout, 'a correction');
  }
  const beta = betaOf(teaching);
  const startsComplex = from !== 'zeros' && layout.isComplex[from];
  const isComplex = startsComplex || beta.im !== 0;
  if (isComplex) {
    if (!runsComplex) throw new RangeError('these kernels lack: complex-states');
    checkComplex(network, workspace);
    if (teaching.kind === 'nudge-corrected') throw new RangeError('a correction is not defined for complex states');
  }
  return {
    from,
    into,
    schedule,
    isHeld: teaching.kind === 'hold',
    isPulled: beta.re !== 0 || beta.im !== 0,
    isCorrected: teaching.kind === 'nudge-corrected',
    about,
    isComplex,
    startsComplex,
  };
}

/** One number for all that the program depends on. */
function keyOf({ workspace: { slots } }: Layout, shape: Shape): number {
  const { from, into, schedule, isHeld, isPulled, isCorrected, about, isComplex, startsComplex } = shape;
  const kind = isCorrected ? 1 : startsComplex ? 3 : isComplex ? 2 : 0;
  const flags = (isHeld ? 1 : 0) + (isPulled ? 2 : 0) + 4 * kind;
  const start = from === 'zeros' ? slots : from;
  return (((SCHEDULES.indexOf(schedule) * 16 + flags) * (slots + 1) + start) * slots + into) * slots + about;
}

function reportOf({ words, doubles }: Program, isSweep: boolean, phase: Phase, stepSize: number): SettleReport {
  switch (words[word.STATUS]) {
    case word.STOPPED:
      return { kind: 'stopped' };
    case word.NOT_FINITE:
      return { kind: 'not-finite', layer: words[word.BROKEN_LAYER], step: words[word.BROKEN_STEP] };
    default: {
      const steps = words[word.STEPS_DONE];
      const change = isSweep ? 0 : doubles[word.CHANGE / 2];
      const tolerance = isSweep ? phase.tolerance : doubles[word.TOLERANCE / 2];
      const isBelow = change < tolerance && steps >= phase.leastSteps;
      return { kind: 'settled', steps, residual: change / stepSize, reason: isBelow ? 'tolerance' : 'steps' };
    }
  }
}
