/**
 * What an estimate is checked against: finite differences of a cost that is worked out anew for moved parameters.
 *
 *   ∂f/∂θ ≈ (4 D(h) − D(2h)) / 3,   D(h) = [f(θ + h) − f(θ − h)] / 2h        an error of O(h⁴)
 *
 * For tests: networks here are small, every number is float64, and a gradient is one flat list, weights first, then biases,
 * then feedback weights. Errors of these differences are about 1e-11 where f is smooth and of order 1.
 */
import type { KernelSet, NetworkKernels, ParameterValues, SettleReport, Values } from '../../kernels/kernel-set.ts';
import { unitsOf } from '../../kernels/network.ts';
import type { LayeredModel } from '../../models/layered-model.ts';
import { createArenaMemory, openArena } from '../../tensor/arena.ts';
import { randomStream } from '../../tensor/random.ts';
import { type Draw, type Estimate, FREE, type GradientEstimator } from '../gradient-estimator.ts';

/** A network at some parameters with a batch. */
export interface Problem {
  readonly model: LayeredModel;
  readonly parameters: ParameterValues;
  /** [samples, units of layer 0] */
  readonly inputs: Values;
  /** [samples, units of the last layer] */
  readonly labels: Values;
  readonly samples: number;
}

/** Slots beyond an estimator's own, for tests to look into. */
const SPARE_SLOTS = 2;
const DIFFERENCE_STEP = 1e-3;

/** Kernels with the problem's parameters and batch, one buffer for gradients, and room for the estimator. */
export function kernelsFor(
  set: KernelSet,
  { model, parameters, inputs, labels, samples }: Problem,
  estimator?: GradientEstimator,
): NetworkKernels {
  const workspace = {
    batchCapacity: samples,
    slots: (estimator?.slots ?? 1) + SPARE_SLOTS,
    parameterBuffers: 1,
    complexStates: estimator?.complexStates ?? false,
    anderson: estimator?.anderson ?? false,
  };
  const memory = createArenaMemory(set.predictBytes(model.network, workspace));
  const kernels = set.build(model.network, workspace, openArena(memory));
  kernels.inputs.set(inputs);
  kernels.labels.set(labels);
  kernels.writeParameters(parameters);
  kernels.clamp(samples);
  return kernels;
}

export function drawOf(samples: number, sign: 1 | -1 = 1): Draw {
  return { sign, stream: randomStream(0, 'draw'), start: 'zeros', samples };
}

export interface Run {
  readonly estimate: Estimate;
  /** Everything that was to be learned, summed over the calls of `learn`. */
  readonly gradient: readonly number[];
  readonly kernels: NetworkKernels;
}

/** Runs an estimator with a `learn` that moves nothing and adds up what it is given. */
export function runEstimator(set: KernelSet, problem: Problem, estimator: GradientEstimator, sign: 1 | -1 = 1): Run {
  const kernels = kernelsFor(set, problem, estimator);
  const estimate = estimator.estimate(kernels, drawOf(problem.samples, sign), (gradient) => {
    if (gradient.kind === 'contrast') kernels.addToGradients(gradient.contrast);
  });
  return { estimate, gradient: flat(kernels.readBuffer(0)), kernels };
}

/** The gradient of an estimate that must come about. */
export function estimated(set: KernelSet, problem: Problem, estimator: GradientEstimator, sign: 1 | -1 = 1) {
  const { estimate, gradient } = runEstimator(set, problem, estimator, sign);
  if (estimate.kind !== 'estimated') throw new Error(`no estimate: ${JSON.stringify(estimate)}`);
  return gradient;
}

export function flat({ weights, biases, feedback }: ParameterValues): readonly number[] {
  return [...weights, ...biases, ...feedback].flatMap((values) => [...values]);
}

/** The parameters with entry `at` of their flat list moved by `step`. */
export function moved(parameters: ParameterValues, at: number, step: number): ParameterValues {
  let first = 0;
  const part = (values: Values) => {
    const own = Float64Array.from(values);
    if (at >= first && at < first + own.length) own[at - first] += step;
    first += own.length;
    return own;
  };
  const weights = parameters.weights.map(part);
  const biases = parameters.biases.map(part);
  return { weights, biases, feedback: parameters.feedback.map(part) };
}

export function finiteDifferences(
  parameters: ParameterValues,
  f: (parameters: ParameterValues) => number,
): readonly number[] {
  const slope = (at: number, h: number) => (f(moved(parameters, at, h)) - f(moved(parameters, at, -h))) / (2 * h);
  return flat(parameters).map((_, at) => (4 * slope(at, DIFFERENCE_STEP) - slope(at, 2 * DIFFERENCE_STEP)) / 3);
}

/** Finite differences of the model's cost at what `settle` leaves in slot `FREE`, summed over the batch. */
export function trueGradient(
  set: KernelSet,
  problem: Problem,
  settle: (kernels: NetworkKernels) => SettleReport,
  cost: LayeredModel['cost'] = problem.model.cost,
): readonly number[] {
  const kernels = kernelsFor(set, problem);
  return finiteDifferences(problem.parameters, (parameters) => {
    kernels.writeParameters(parameters);
    kernels.clamp(problem.samples);
    const report = settle(kernels);
    if (report.kind !== 'settled') throw new Error(`no cost: ${JSON.stringify(report)}`);
    return batchSum(problem, (sample) => {
      const { labels } = problem;
      const classes = labels.length / problem.samples;
      return cost(
        parameters,
        statesOf(kernels, FREE, sample),
        labels.subarray(sample * classes, (sample + 1) * classes),
      );
    });
  });
}

export function batchSum({ samples }: Problem, of: (sample: number) => number): number {
  let sum = 0;
  for (let sample = 0; sample < samples; sample++) sum += of(sample);
  return sum;
}

/** States of all layers of one sample, the input's first. */
export function statesOf(kernels: NetworkKernels, slot: number, sample: number): readonly Float64Array[] {
  return kernels.network.layers.map((shape, layer) => {
    const units = unitsOf(shape);
    return kernels.readStates(slot, layer).subarray(sample * units, (sample + 1) * units);
  });
}

export function norm(vector: readonly number[]): number {
  return Math.hypot(...vector);
}

export function distance(one: readonly number[], other: readonly number[]): number {
  return norm(one.map((value, i) => value - other[i]));
}

/** |one − other| / |other| */
export function relativeError(one: readonly number[], other: readonly number[]): number {
  return distance(one, other) / norm(other);
}
