/**
 * What does the first step of a workload give? The states that it leaves, and by how much it changes the parameters: the
 * same numbers from every kernel set, up to rounding.
 */
import type { NetworkKernels } from '@settle/core';
import type { OpenedTraining } from './training-step.ts';

/** Values by name, in one order for all kernel sets. */
export interface FirstStep {
  /** Of the samples asked for, by slot and layer. */
  readonly states: readonly NamedValues[];
  /** By parameter. */
  readonly changes: readonly NamedValues[];
}

export interface NamedValues {
  readonly name: string;
  readonly values: Float64Array;
}

/** Largest difference of a state from the reference's, and of a change relative to the largest change of its tensor. */
export interface Difference {
  readonly states: number;
  readonly changes: number;
}

const BOUNDS: Difference = { states: 1e-5, changes: 5e-4 };

type ParameterValues = ReturnType<NetworkKernels['readParameters']>;

/** Takes the first step on so many samples, from the start, and goes back to it. */
export function takeFirstStep(training: OpenedTraining, samples: number): FirstStep {
  const { kernels } = training;
  training.restart();
  const before = kernels.readParameters();
  training.step(samples);
  const result = { states: statesOf(kernels), changes: changesOf(kernels, before) };
  training.restart();
  return result;
}

function statesOf(kernels: NetworkKernels): readonly NamedValues[] {
  const { layers, readout } = kernels.network;
  const settling = layers.slice(1, readout === 'softmax-cross-entropy' ? -1 : undefined);
  return Array.from({ length: kernels.workspace.slots }, (_, slot) =>
    settling.map((_shape, k) => ({
      name: `states of layer ${k + 1} in slot ${slot}`,
      values: kernels.readStates(slot, k + 1),
    })),
  ).flat();
}

/**
 * An optimizer with a memory divides by what it remembers, and the sign of a gradient that is nearly zero is chance: there
 * the memory of the gradient is looked at, the first buffer behind it.
 */
function changesOf(kernels: NetworkKernels, before: ParameterValues): readonly NamedValues[] {
  const remembers = kernels.workspace.parameterBuffers > 1;
  const after = named(remembers ? kernels.readBuffer(1) : kernels.readParameters());
  if (remembers) return after;
  const earlier = named(before);
  return after.map(({ name, values }, k) => ({
    name,
    values: values.map((value, i) => value - (earlier[k]?.values[i] ?? Number.NaN)),
  }));
}

function named({ weights, biases }: ParameterValues): readonly NamedValues[] {
  return [
    ...weights.map((values, k) => ({ name: `weights of connection ${k + 1}`, values: Float64Array.from(values) })),
    ...biases.map((values, k) => ({ name: `biases of layer ${k + 1}`, values: Float64Array.from(values) })),
  ];
}

/** The first `samples` rows of states of a larger batch. */
export function firstRows(
  states: readonly NamedValues[],
  [batch, samples]: readonly [number, number],
): readonly NamedValues[] {
  return states.map(({ name, values }) => ({ name, values: values.subarray(0, (values.length / batch) * samples) }));
}

/** The largest difference of a state. Throws Error, naming where, when it is out of bounds. */
export function compareStates(found: readonly NamedValues[], expected: readonly NamedValues[]): number {
  return Math.max(
    ...paired(found, expected).map(({ name, mine, theirs }) => {
      const difference = farthest(mine, theirs);
      if (difference <= BOUNDS.states) return difference;
      throw outOfBounds(name, difference.toExponential(1), String(BOUNDS.states));
    }),
  );
}

/**
 * The largest difference of a change, relative to the largest change of its tensor. Throws Error, naming where, when one is
 * out of bounds by more than `rounding`.
 */
export function compareChanges(
  found: readonly NamedValues[],
  expected: readonly NamedValues[],
  rounding: number,
): number {
  return Math.max(
    ...paired(found, expected).map(({ name, mine, theirs }) => {
      const difference = farthest(mine, theirs);
      const largest = farthest(theirs, new Float64Array(theirs.length));
      // Where nothing changes, nothing may.
      const relative = difference === 0 ? 0 : difference / largest;
      if (difference <= BOUNDS.changes * largest + rounding) return relative;
      const besides = rounding === 0 ? '' : ` and ${rounding.toExponential(1)}`;
      throw outOfBounds(name, `${relative.toExponential(1)} of the largest`, `${BOUNDS.changes}${besides}`);
    }),
  );
}

function paired(found: readonly NamedValues[], expected: readonly NamedValues[]) {
  return expected.map(({ name, values }, k) => {
    const mine = found[k];
    if (mine?.name !== name || mine.values.length !== values.length) throw new Error(`${name}: not of the same shape`);
    return { name, mine: mine.values, theirs: values };
  });
}

function outOfBounds(name: string, difference: string, allowed: string): Error {
  return new Error(`${name} differ from the float64 reference by ${difference}, allowed are ${allowed}`);
}

/** NaN where any is. */
function farthest(found: Float64Array, expected: Float64Array): number {
  let far = 0;
  for (const [i, value] of expected.entries()) far = Math.max(far, Math.abs(value - (found[i] ?? Number.NaN)));
  return far;
}
