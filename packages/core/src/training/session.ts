/**
 * A training session: what to train, laid out in an arena, ready to run from the start or from a checkpoint.
 *
 * The memory is made by whoever supervises the training, sized by `sessionBytes`, so that the size is known before
 * anything starts and the supervisor holds the control block.
 */
import type { Dataset } from '../datasets/dataset.ts';
import type { KernelSet, NetworkKernels } from '../kernels/kernel-set.ts';
import { initialParameters } from '../models/initialization.ts';
import type { Method } from '../recipes/method.ts';
import { type ArenaMemory, openArena } from '../tensor/arena.ts';
import { randomStream } from '../tensor/random.ts';
import { decodeCheckpoint } from './checkpoint.ts';
import { START, type TrainingEvent, type TrainingOutcome } from './events.ts';
import { train } from './train.ts';

export interface SessionOptions {
  readonly method: Method;
  readonly kernelSet: KernelSet;
  readonly memory: ArenaMemory;
  readonly train: Dataset;
  readonly test: Dataset;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly checkpointEveryEpochs: number;
  /** A checkpoint file of the same method and seed to go on from. */
  readonly resumeFrom: Uint8Array | undefined;
}

/** Bytes of arena that a session with this method takes. */
export function sessionBytes(method: Method, kernelSet: KernelSet, batchSize: number): number {
  return kernelSet.predictBytes(method.model.network, batchSize);
}

/** Throws RangeError when data and network do not fit, or when the checkpoint does not continue this very training. */
export function openSession(options: SessionOptions): Generator<TrainingEvent, TrainingOutcome> {
  const { method, kernelSet, memory, seed } = options;
  const { layerSizes } = method.model.network;
  for (const dataset of [options.train, options.test]) {
    if (dataset.sampleCount < 1) throw new RangeError(`${dataset.name} has no samples`);
    if (dataset.featureCount !== layerSizes[0]) {
      throw new RangeError(
        `${dataset.name} has ${dataset.featureCount} features, the input layer ${layerSizes[0]} units`,
      );
    }
    if (dataset.classCount !== layerSizes[layerSizes.length - 1]) {
      throw new RangeError(
        `${dataset.name} has ${dataset.classCount} classes, the output layer ${layerSizes[layerSizes.length - 1]} units`,
      );
    }
  }
  const kernels = kernelSet.build(method.model.network, options.batchSize, openArena(memory));
  const start = placeParameters(options, kernels);
  return train({ ...options, kernels, kernelSet: kernelSet.name, seed }, start);
}

function placeParameters(options: SessionOptions, kernels: NetworkKernels) {
  const { method, seed, resumeFrom } = options;
  if (resumeFrom === undefined) {
    const { initialization, layerSizes } = method.description;
    kernels.writeParameters(initialParameters(initialization, layerSizes, randomStream(seed, 'init')));
    return START;
  }
  const checkpoint = decodeCheckpoint(resumeFrom);
  if (JSON.stringify(checkpoint.method) !== JSON.stringify(method.description) || checkpoint.seed !== seed) {
    throw new RangeError('the checkpoint belongs to another method or seed');
  }
  if (checkpoint.dataset !== options.train.name || checkpoint.batchSize !== options.batchSize) {
    throw new RangeError('the checkpoint belongs to another data set or batch size');
  }
  const { batch, sums } = checkpoint.position;
  if (sums.samples !== Math.min(batch * options.batchSize, options.train.sampleCount)) {
    throw new RangeError('the checkpoint stopped within an epoch of a data set of another length');
  }
  kernels.writeParameters(checkpoint.parameters);
  return checkpoint.position;
}
