/** The step-by-step agreement of EP with backpropagation through time, for a method at its initial weights on data. */
import { clampBatch } from '../datasets/batches.ts';
import type { Dataset } from '../datasets/dataset.ts';
import { gradientDescendingUpdates, UPDATE_SLOTS } from '../estimators/gradient-descending-updates.ts';
import type { KernelSet } from '../kernels/kernel-set.ts';
import { initialParameters } from '../models/initialization.ts';
import { type Method, workspaceOf } from '../recipes/method.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { randomStream } from '../tensor/random.ts';

export interface AgreementOptions {
  readonly seed: number;
  readonly samples: number;
  readonly beta: number;
  /** Nudged steps, and steps that are unrolled. */
  readonly steps: number;
}

/**
 * ‖Δθ(t) + ∇θ(t)‖ / ‖∇θ(t)‖ for t = 0 … steps − 1; see ../estimators/gradient-descending-updates.ts. `reference`: a set with
 * the feature `adjoint`, in float64. Throws RangeError when the free phase does not come to its end.
 */
export function unrolledAgreement(
  method: Method,
  reference: KernelSet,
  dataset: Dataset,
  { seed, samples, beta, steps }: AgreementOptions,
): readonly number[] {
  const { network } = method.model;
  const workspace = { ...workspaceOf(method, samples), slots: UPDATE_SLOTS, parameterBuffers: 1 };
  const memory = createArenaMemory(reference.predictBytes(network, workspace));
  const kernels = reference.build(network, workspace, openArena(memory));
  kernels.writeParameters(initialParameters(method.description.initialization, network, randomStream(seed, 'init')));
  clampBatch(kernels, dataset, undefined, 0, samples);
  const free = method.estimator.settleFreely(kernels, 'zeros', samples);
  if (free.kind !== 'settled') throw new RangeError(`the free phase ended as ${free.kind}`);
  return gradientDescendingUpdates(kernels, beta, steps);
}
