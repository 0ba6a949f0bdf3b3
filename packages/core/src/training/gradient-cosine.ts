/**
 * How well does the estimate point along the exact gradient?
 *
 *   cosine = ⟨ĝ, g⟩ / (‖ĝ‖ ‖g‖),   g by backpropagation through as many of the last free steps as are nudged
 *
 * ĝ is computed by the kernels that train, with their rounding, which a small β brings out; g by a set with every feature, in
 * float64. It costs far more than a training step. Methods that do not settle by synchronous steps have none.
 */
import { clampBatch } from '../datasets/batches.ts';
import type { Dataset } from '../datasets/dataset.ts';
import type { Presentation } from '../datasets/presentation.ts';
import { backpropagationThroughTime } from '../estimators/backpropagation-through-time.ts';
import type { GradientEstimator } from '../estimators/gradient-estimator.ts';
import type { KernelSet, ParameterValues } from '../kernels/kernel-set.ts';
import { depthOf } from '../models/network-structure.ts';
import { type Method, workspaceOf } from '../recipes/method.ts';
import { type ArenaMemory, createArenaMemory, openArena } from '../tensor/arena.ts';
import { randomStream } from '../tensor/random.ts';

/** Samples of the comparison; more would only cost more. */
const MOST_SAMPLES = 20;

/** Undefined where the method's steps are not differentiated, an estimate did not come to its end, or a gradient is 0. */
export function gradientCosine(
  method: Method,
  sets: { readonly own: KernelSet; readonly reference: KernelSet },
  memory: ArenaMemory,
  parameters: ParameterValues,
  train: Dataset,
  presentation: Presentation | undefined,
): number | undefined {
  const { model, estimator, description } = method;
  const { freeSchedule, schedule, freeSteps, nudgedSteps } = description.settling;
  // Unrolled are synchronous steps; under them a network that settles by sweeps may swing.
  const isUnrolled = freeSchedule === 'synchronous' && schedule === 'synchronous';
  if (!model.properties.has('differentiable-step') || !isUnrolled) return undefined;
  if (freeSteps < 2) return undefined;
  const exact = backpropagationThroughTime({
    freeSchedule: 'synchronous',
    schedule: 'synchronous',
    freeSteps,
    nudgedSteps: Math.min(nudgedSteps, freeSteps - 1),
    tolerance: 0,
    depth: depthOf(model.network),
  });
  const samples = Math.min(MOST_SAMPLES, train.sampleCount);
  const gradientOf = (by: GradientEstimator, set: KernelSet): Float64Array[] | undefined => {
    const workspace = {
      ...workspaceOf(method, samples),
      slots: by.slots,
      parameterBuffers: 1,
    };
    const own = createArenaMemory(set.predictBytes(model.network, workspace));
    const kernels = set.build(model.network, workspace, openArena(own, memory));
    kernels.writeParameters(parameters);
    clampBatch(kernels, train, undefined, 0, samples, presentation);
    const draw = { sign: 1, stream: randomStream(0, 'diagnostics'), start: 'zeros', samples } as const;
    const estimate = by.estimate(kernels, draw, (gradient) => {
      if (gradient.kind === 'contrast') kernels.addToGradients(gradient.contrast);
    });
    const { weights, biases, feedback } = kernels.readBuffer(0);
    kernels.release();
    if (estimate.kind !== 'estimated') return undefined;
    return [...weights, ...biases, ...feedback].map((values) => Float64Array.from(values));
  };
  const estimated = gradientOf(estimator, sets.own);
  const wanted = gradientOf(exact, sets.reference);
  return estimated === undefined || wanted === undefined ? undefined : cosine(estimated, wanted);
}

function cosine(a: readonly Float64Array[], b: readonly Float64Array[]): number | undefined {
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  a.forEach((values, k) => {
    values.forEach((value, i) => {
      product += value * b[k][i];
      squareA += value * value;
      squareB += b[k][i] ** 2;
    });
  });
  const lengths = Math.sqrt(squareA) * Math.sqrt(squareB);
  return lengths > 0 ? product / lengths : undefined;
}
