/** Adds contrasts to gradients or parameters: one program for every two terms, whatever their number. */
import type { Complex } from '../../tensor/complex.ts';
import { type Contrast, type ContrastTerm, checkSlots } from '../kernel-set.ts';
import type { Batch } from './batch.ts';
import { complexGradientProgram } from './complex-gradient.ts';
import { denseOuter, gradientProgram, type TermSlots } from './gradient-program.ts';
import type { Layout } from './layout.ts';
import type { Rows } from './operation.ts';
import { columnSum, combineRows } from './operations.ts';
import type { Copy } from './parameters.ts';
import type { Compiled, Knob, Program } from './program-store.ts';
import { readoutOf } from './readout.ts';
import { onePass, type Runner } from './runner.ts';
import { ALL_TOGETHER } from './split.ts';

export interface Destination {
  /** Number of its own below `DESTINATIONS`, for programs. */
  readonly index: number;
  readonly copy: Copy;
}

const DESTINATIONS = 3;

export interface Contrasts {
  /** `scales`: by parameter; undefined: ones. Throws RangeError for slots and buffers that are not there. */
  add(contrast: Contrast, to: Destination, scales?: readonly number[]): void;
}

interface RealTerm extends TermSlots {
  readonly coefficient: number;
  readonly weights: ContrastTerm['weights'];
}

interface ComplexTerm extends TermSlots {
  readonly coefficient: Complex;
  readonly weights: ContrastTerm['weights'];
}

export function contrastsOf(layout: Layout, runner: Runner, batch: Batch): Contrasts {
  const { workspace, network, parameters, layers, lastSettling } = layout;
  const { slots } = workspace;
  const hasReadout = network.readout === 'softmax-cross-entropy';
  const shared = layers.flatMap(({ biasSums, place }, layer) =>
    biasSums === undefined || layer > lastSettling ? [] : [{ biasSums, place, layer }],
  );

  const addTerms = (first: RealTerm, second: RealTerm | undefined, to: Destination, scales?: readonly number[]) => {
    const { weights } = first;
    const { inputs } = batch;
    const isDifference = second !== undefined && first.coefficient === -second.coefficient;
    // One number for all that the program depends on; a slot more stands for no second term.
    let key = first.below * slots + first.above;
    key = key * (slots + 1) + (second?.below ?? slots);
    key = key * (slots + 1) + (second?.above ?? slots);
    key = key * 4 + (isDifference ? 2 : 0) + (weights === 'feedback' ? 1 : 0);
    key = key * 3 + (inputs === 'rows' ? 0 : inputs === 'lists' ? 1 : 2);
    const program = runner.take('contrast', key * DESTINATIONS + to.index, () => {
      const shape = { first, second, isDifference, weights, copy: to.copy, inputs };
      const { operations, knobs } = gradientProgram(layout, shape);
      return onePass(operations, ALL_TOGETHER, knobs);
    });
    runner.turn(program, { first: first.coefficient, second: second?.coefficient ?? 0 }, scales);
    addUp(program, weights, to);
  };

  const addComplexTerm = (term: ComplexTerm, to: Destination, scales?: readonly number[]) => {
    const { below, above, coefficient, weights } = term;
    const { inputs } = batch;
    const isBelowComplex = layout.isComplex[below];
    const isAboveComplex = layout.isComplex[above];
    let key = below * slots + above;
    key = key * 8 + (isBelowComplex ? 4 : 0) + (isAboveComplex ? 2 : 0) + (weights === 'feedback' ? 1 : 0);
    key = key * 3 + (inputs === 'rows' ? 0 : inputs === 'lists' ? 1 : 2);
    const program = runner.take('complex contrast', key * DESTINATIONS + to.index, () => {
      const shape = { term, isBelowComplex, isAboveComplex, weights, copy: to.copy, inputs };
      const { operations, knobs } = complexGradientProgram(layout, shape);
      return onePass(operations, ALL_TOGETHER, knobs);
    });
    runner.turn(program, { first: coefficient.re, second: -coefficient.im, third: -coefficient.re }, scales);
    addUp(program, weights, to);
  };

  /** Runs the program of a contrast and what its sums of biases still need. */
  const addUp = (program: Program, weights: ContrastTerm['weights'], to: Destination) => {
    for (const { biasSums } of shared) biasSums.values.fill(0);
    runner.pass(program, batch.samples);
    if (weights === 'feedback') return;
    batch.listedByColumn();
    // Biases that several units share: samples are summed up, positions are left, each a row.
    for (const { place, layer } of shared) runner.pass(sumOverPositions(layout, runner, layer, to), place.positions);
  };

  return {
    add({ terms, readoutAt }, to, scales) {
      // Before anything is run: what is not there is an error of the caller.
      to.copy(parameters[0]);
      for (const term of terms) checkTerm(layout, term);
      const complex = terms.filter((term) => isComplexTerm(layout, term));
      const real = terms.filter((term) => !isComplexTerm(layout, term)).map(realTerm);
      for (const weights of ['feedforward', 'feedback'] as const) {
        const chosen = real.filter((term) => term.weights === weights);
        for (let k = 0; k < chosen.length; k += 2) addTerms(chosen[k], chosen[k + 1], to, scales);
      }
      for (const term of complex) addComplexTerm(complexTerm(term), to, scales);
      if (readoutAt === undefined || !hasReadout) return;
      checkSlots(workspace, [readoutAt]);
      const program = runner.take('read-out gradient', readoutAt * DESTINATIONS + to.index, () => {
        return readoutProgram(layout, readoutAt, to);
      });
      runner.turn(program, { first: 1, second: -1 }, scales);
      runner.pass(program, batch.samples);
    },
  };
}

function checkTerm({ workspace, network }: Layout, { below, above, weights }: ContrastTerm): void {
  checkSlots(workspace, [below, above]);
  if (weights === 'feedback' && network.feedback === 'symmetric') {
    throw new RangeError('feedback through the same weights has no weights of its own');
  }
}

/** Whether imaginary parts count: those of real states are zero, whatever their coefficient. */
function isComplexTerm({ isComplex }: Layout, { below, above }: ContrastTerm): boolean {
  return isComplex[below] || isComplex[above];
}

function realTerm(term: ContrastTerm): RealTerm {
  const { coefficient } = term;
  return { ...term, coefficient: typeof coefficient === 'number' ? coefficient : coefficient.re };
}

function complexTerm(term: ContrastTerm): ComplexTerm {
  const { coefficient } = term;
  return { ...term, coefficient: typeof coefficient === 'number' ? { re: coefficient, im: 0 } : coefficient };
}

function sumOverPositions({ layers }: Layout, runner: Runner, layer: number, to: Destination): Program {
  return runner.take('biases', layer * DESTINATIONS + to.index, () => {
    const { biasSums, biases, place } = layers[layer];
    if (biasSums === undefined) throw new Error(`layer ${layer} has one bias per unit`);
    const rows = { pointer: biasSums.pointer, stride: place.channelStride };
    return onePass([columnSum(1, rows, to.copy(biases).pointer, place.channelStride)], ALL_TOGETHER);
  });
}

/** s ⊗ (p − y) and p − y of the states and probabilities in a slot; the knobs' factors are 1 and −1. */
function readoutProgram(layout: Layout, slot: number, to: Destination): Compiled {
  const { layers, labelRows, parameters } = layout;
  const readout = readoutOf(layout);
  if (readout === undefined) throw new Error('this network has no read-out');
  const { states, biases, drive, place } = layers[readout.to];
  const errorInto = (out: Rows) => combineRows([1, states[slot]], [-1, labelRows], out, place.stride);
  const ofWeights = errorInto(readout.aboveFactor);
  const ofBiases = errorInto(drive);
  const below = layers[readout.from].states[slot];
  const numbers = ['first', 'second'] as const;
  const knobs: readonly Knob[] = [
    { operation: ofWeights, numbers, parameter: parameters.indexOf(readout.weights) },
    { operation: ofBiases, numbers, parameter: parameters.indexOf(biases) },
  ];
  const operations = [
    ofWeights,
    ofBiases,
    denseOuter(readout, readout.weights, to.copy(readout.weights).pointer, [below, readout.aboveFactor], undefined),
    columnSum(1, drive, to.copy(biases).pointer, place.stride),
  ];
  return onePass(operations, ALL_TOGETHER, knobs);
}
