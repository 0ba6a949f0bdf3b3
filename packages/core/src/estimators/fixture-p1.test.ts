/**
 * A worked example with printed digits: a prototypical tanh network of 5 inputs, 6 hidden and 3 output units, nudge
 * inside, with x_j = cos j, W1_kj = 0.4 sin kj, W2_kj = 0.5 cos kj, b1_k = 0.1 sin k, b2_k = 0.1 cos k, indices from 1.
 */
import { describe, expect, it } from 'vitest';
import type { NetworkKernels, ParameterValues } from '../kernels/kernel-set.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { prototypical } from '../models/prototypical.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { equilibriumPropagation, type Nudging } from './equilibrium-propagation.ts';

const LAYER_SIZES = [5, 6, 3];
const STEPS = 2_000;
const LABELS = [0.8, -0.5, 0.1];
const MODEL = prototypical({ layerSizes: LAYER_SIZES, activation: 'tanh', nudge: 'inside' });

/** Both matrices are symmetric in their indices, so it does not matter which index is the unit below. */
const matrix = (below: number, above: number, entry: (product: number) => number) =>
  Float64Array.from({ length: below * above }, (_, at) => entry((Math.floor(at / above) + 1) * ((at % above) + 1)));
const vector = (length: number, entry: (index: number) => number) =>
  Float64Array.from({ length }, (_, i) => entry(i + 1));

const PARAMETERS: ParameterValues = {
  weights: [matrix(5, 6, (kj) => 0.4 * Math.sin(kj)), matrix(6, 3, (kj) => 0.5 * Math.cos(kj))],
  biases: [vector(6, (k) => 0.1 * Math.sin(k)), vector(3, (k) => 0.1 * Math.cos(k))],
};

function clamped(parameters: ParameterValues): NetworkKernels {
  const kernels = referenceKernels.build(MODEL.network, 1, openArena(createArenaMemory(0)));
  kernels.inputs.set(vector(5, Math.cos));
  kernels.labels.set(LABELS);
  kernels.writeParameters(parameters);
  kernels.clamp(1);
  return kernels;
}

function settledOutputs(parameters: ParameterValues): Float64Array {
  const kernels = clamped(parameters);
  kernels.settle({ beta: 0, steps: STEPS, from: 'zeros', into: 'free' });
  return kernels.readStates('free', 2);
}

const costOf = (parameters: ParameterValues) =>
  settledOutputs(parameters).reduce((sum, output, i) => sum + (LABELS[i] - output) ** 2 / 2, 0);

const flat = ({ weights, biases }: ParameterValues) => [...weights, ...biases].flatMap((part) => [...part]);
const norm = (values: readonly number[]) => Math.hypot(...values);

/** Central differences of fourth order; weights first. */
function trueGradient(): number[] {
  const moved = (at: number, by: number) => {
    let first = 0;
    const part = (values: Float32Array | Float64Array) => {
      const own = Float64Array.from(values, (value, i) => (first + i === at ? value + by : value));
      first += values.length;
      return own;
    };
    const weights = PARAMETERS.weights.map(part);
    return costOf({ weights, biases: PARAMETERS.biases.map(part) });
  };
  const slope = (at: number, by: number) => (moved(at, by) - moved(at, -by)) / (2 * by);
  return flat(PARAMETERS).map((_, at) => (4 * slope(at, 1e-3) - slope(at, 2e-3)) / 3);
}

function estimated(nudging: Nudging, sign: 1 | -1): number[] {
  const kernels = clamped(PARAMETERS);
  const outcome = equilibriumPropagation({ nudging, freeSteps: STEPS, nudgedSteps: STEPS }).estimate(kernels, sign);
  if (outcome.kind !== 'estimated') throw new Error(`no estimate: ${outcome.kind}`);
  const { lower, upper, betaSeparation } = outcome.contrast;
  const scales = PARAMETERS.weights.map(() => -1 / betaSeparation);
  kernels.addContrast(lower, upper, scales, scales);
  const before = flat(PARAMETERS);
  return flat(kernels.readParameters()).map((value, i) => value - before[i]);
}

const GRADIENT = trueGradient();
const relativeError = (nudging: Nudging, sign: 1 | -1 = 1) =>
  norm(estimated(nudging, sign).map((value, i) => value - GRADIENT[i])) / norm(GRADIENT);

describe('fixture P-1', () => {
  it('settles to the printed outputs and cost', () => {
    const printed = [0.0158039, 0.51617307, 0.66795865];
    settledOutputs(PARAMETERS).forEach((output, i) => {
      expect(output).toBeCloseTo(printed[i], 7);
    });
    expect(costOf(PARAMETERS)).toBeCloseTo(0.985074125922, 11);
  });

  it('has a gradient of the printed length', () => {
    expect(norm(GRADIENT)).toBeCloseTo(6.0759823723, 8);
  });

  it.each([
    { beta: 0.1, oneSided: 1.9e-1, centred: 3.79e-2 },
    { beta: 0.05, oneSided: 1.01e-1, centred: 9.87e-3 },
    { beta: 0.025, oneSided: 5.1e-2, centred: 2.5e-3 },
  ])('is estimated at beta $beta with the printed errors, to 2 %', ({ beta, oneSided, centred }) => {
    expect(Math.abs(relativeError({ kind: 'one-sided', beta }) / oneSided - 1)).toBeLessThan(0.02);
    expect(Math.abs(relativeError({ kind: 'centred', beta }) / centred - 1)).toBeLessThan(0.02);
  });

  it('has the centred estimate as the mean of the two of random sign', () => {
    const upper = estimated({ kind: 'random-sign', beta: 0.1 }, 1);
    const lower = estimated({ kind: 'random-sign', beta: 0.1 }, -1);
    const mean = upper.map((value, i) => (value + lower[i]) / 2);
    const centred = estimated({ kind: 'centred', beta: 0.1 }, 1);
    expect(norm(mean.map((value, i) => value - centred[i]))).toBeLessThan(1e-12);
  });
});
