/**
 * A training session: what to train, laid out in an arena, ready to run from the start or from a checkpoint.
 *
 * The memory is made by whoever supervises the training, sized by `sessionBytes`, so that the size is known before
 * anything starts and the supervisor holds the control block.
 */
import type { Dataset } from '../datasets/dataset.ts';
import { type DataPreparation, presentationsOf } from '../datasets/presentation.ts';
import { stepSizeBound } from '../dynamics/stability.ts';
import type { KernelSet, Lanes, NetworkKernels } from '../kernels/kernel-set.ts';
import { unitsOf } from '../kernels/network.ts';
import { initialParameters } from '../models/initialization.ts';
import { type Method, workspaceOf } from '../recipes/method.ts';
import { type ArenaMemory, openArena } from '../tensor/arena.ts';
import { randomStream } from '../tensor/random.ts';
import { type CarriedStates, carriedBytes, carriedStates } from './carried-states.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { identityText, type TrainingIdentity } from './checkpoint-header.ts';
import { START, type TrainingEvent, type TrainingOutcome, type TrainingPosition } from './events.ts';
import type { DiagnosticsOptions, EarlyStopping } from './options.ts';
import { train } from './train.ts';

export interface SessionOptions {
  readonly method: Method;
  readonly kernelSet: KernelSet;
  /** A set with every feature, for diagnostics that the chosen one cannot compute. */
  readonly reference: KernelSet;
  readonly memory: ArenaMemory;
  /** Threads that share the work; absent: the calling one alone. */
  readonly lanes?: Lanes;
  readonly train: Dataset;
  /** Held out of `train`, for early stopping and the choice of the best checkpoint. */
  readonly validation: Dataset | undefined;
  readonly test: Dataset;
  readonly preparation: DataPreparation;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly checkpointEveryEpochs: number;
  /** Needs validation data. */
  readonly earlyStopping: EarlyStopping | undefined;
  readonly diagnostics: DiagnosticsOptions;
  /** A checkpoint file of the same method and seed to go on from. */
  readonly resumeFrom: Uint8Array | undefined;
}

/** Bytes of arena that a session with this method takes. */
export function sessionBytes(method: Method, kernelSet: KernelSet, batchSize: number): number {
  return kernelSet.predictBytes(method.model.network, workspaceOf(method, batchSize));
}

/** Bytes that it takes besides, for states carried from phase to phase. */
export function sessionCarriedBytes(
  method: Method,
  kernelSet: KernelSet,
  rows: { readonly samples: number; readonly batchSize: number },
): number {
  const entryBytes = kernelSet.elementType === 'float32' ? 4 : 8;
  return carriedBytes(method.description.settling.initialStates, method.model.network, rows, entryBytes);
}

/**
 * Throws RangeError when data and network do not fit, when no step of the relaxation can be stable, or when the checkpoint
 * does not continue this very training. The lanes end with the training, and with one that is ended early by `return()`.
 */
export function openSession(options: SessionOptions): Generator<TrainingEvent, TrainingOutcome> {
  const { method, kernelSet, memory, batchSize, lanes } = options;
  checkData(options);
  const kernels = kernelSet.build(method.model.network, workspaceOf(method, batchSize), openArena(memory), lanes);
  try {
    return releasing(kernels, prepare(options, kernels));
  } catch (error) {
    kernels.release();
    throw error;
  }
}

function* releasing(
  kernels: NetworkKernels,
  training: Generator<TrainingEvent, TrainingOutcome>,
): Generator<TrainingEvent, TrainingOutcome> {
  try {
    return yield* training;
  } finally {
    kernels.release();
  }
}

/** All that `train` needs. */
function prepare(options: SessionOptions, kernels: NetworkKernels): Generator<TrainingEvent, TrainingOutcome> {
  const { method, kernelSet, batchSize, train: trainSet } = options;
  const { network, workspace } = kernels;
  const carried = carriedStates(
    method.description.settling.initialStates,
    network,
    { samples: trainSet.sampleCount, batchSize },
    workspace.slots - 1,
    kernelSet.elementType,
  );
  const identity: TrainingIdentity = {
    method: method.description,
    seed: options.seed,
    dataset: trainSet.name,
    trainSamples: trainSet.sampleCount,
    validationSamples: options.validation?.sampleCount ?? 0,
    batchSize,
    preparation: options.preparation,
    earlyStopping: options.earlyStopping,
  };
  const start =
    options.resumeFrom === undefined ? begin(options, kernels) : resume(options, identity, kernels, carried);
  const save = (position: TrainingPosition): Uint8Array =>
    encodeCheckpoint({
      ...identity,
      kernelSet: kernelSet.name,
      position,
      parameters: kernels.readParameters(),
      // Buffer 0 takes gradients, which are zero between batches.
      optimizerBuffers: Array.from({ length: Math.max(workspace.parameterBuffers - 1, 0) }, (_, k) =>
        kernels.readBuffer(k + 1),
      ),
      carriedStates: carried.layers,
    });
  const presentations = presentationsOf(options.preparation, trainSet, options.seed);
  return train({ ...options, kernels, presentations, carried, save }, start);
}

function checkData({ method, train: trainSet, validation, test, earlyStopping }: SessionOptions): void {
  const { layers } = method.model.network;
  const first = layers[0];
  const classes = unitsOf(layers[layers.length - 1]);
  for (const dataset of [trainSet, test, ...(validation === undefined ? [] : [validation])]) {
    if (dataset.sampleCount < 1) throw new RangeError(`${dataset.name} has no samples`);
    const isFlat = first[1] === 1 && first[2] === 1;
    if (dataset.featureCount !== unitsOf(first) || (!isFlat && dataset.shape.join() !== first.join())) {
      throw new RangeError(
        `${dataset.name} has samples of [${dataset.shape.join(', ')}], the input layer is [${first.join(', ')}]`,
      );
    }
    // Normalization is fitted by channel to the training data.
    if (dataset.shape.join() !== trainSet.shape.join()) {
      throw new RangeError(
        `${dataset.name} has samples of [${dataset.shape.join(', ')}], ${trainSet.name} of [${trainSet.shape.join(', ')}]`,
      );
    }
    if (dataset.classCount !== classes) {
      throw new RangeError(`${dataset.name} has ${dataset.classCount} classes, the output layer ${classes} units`);
    }
  }
  if (earlyStopping !== undefined && validation === undefined) {
    throw new RangeError('early stopping needs validation samples, for the test data must not decide anything');
  }
}

function begin({ method, seed }: SessionOptions, kernels: NetworkKernels): TrainingPosition {
  const { network } = method.model;
  const parameters = initialParameters(method.description.initialization, network, randomStream(seed, 'init'));
  const { dynamics } = network;
  const { freeSchedule, schedule } = method.description.settling;
  // Where layers that move together are not coupled, as in even-odd sweeps of a chain, they do not overshoot together.
  const movesTogether =
    freeSchedule === 'synchronous' ||
    schedule === 'synchronous' ||
    network.connections.some(({ from, to }) => (to - from) % 2 === 0);
  const bound = movesTogether ? stepSizeBound(network, parameters) : undefined;
  if ('stepSize' in dynamics && bound !== undefined && dynamics.stepSize > bound) {
    throw new RangeError(
      `a step size of ${dynamics.stepSize} is not stable at the initial weights: their couplings allow ${bound.toPrecision(3)} where units are on their steepest slope`,
    );
  }
  kernels.writeParameters(parameters);
  return START;
}

function resume(
  { resumeFrom, kernelSet }: SessionOptions,
  identity: TrainingIdentity,
  kernels: NetworkKernels,
  carried: CarriedStates,
): TrainingPosition {
  if (resumeFrom === undefined) return START;
  const checkpoint = decodeCheckpoint(resumeFrom);
  if (identityText(checkpoint) !== identityText(identity)) {
    throw new RangeError('the checkpoint belongs to another training: method, seed, data or their preparation differ');
  }
  if (checkpoint.kernelSet !== kernelSet.name) {
    throw new RangeError(
      `the checkpoint is of the kernel set ${checkpoint.kernelSet}; ${kernelSet.name} gives other bits`,
    );
  }
  const { batch, sums } = checkpoint.position;
  if (batch > Math.ceil(identity.trainSamples / identity.batchSize)) {
    throw new RangeError(`the checkpoint stopped after ${batch} batches of an epoch that has fewer`);
  }
  if (sums.samples !== Math.min(batch * identity.batchSize, identity.trainSamples)) {
    throw new RangeError('the checkpoint stopped within an epoch of a data set of another length');
  }
  kernels.writeParameters(checkpoint.parameters);
  const remembered = Math.max(kernels.workspace.parameterBuffers - 1, 0);
  if (checkpoint.optimizerBuffers.length !== remembered) {
    throw new RangeError(`the checkpoint has ${checkpoint.optimizerBuffers.length} of ${remembered} optimizer buffers`);
  }
  checkpoint.optimizerBuffers.forEach((values, k) => {
    kernels.writeBuffer(k + 1, values);
  });
  if (checkpoint.carriedStates.length !== carried.layers.length) {
    throw new RangeError('the checkpoint does not hold the states that this training carries');
  }
  carried.layers.forEach((values, k) => {
    const saved = checkpoint.carriedStates[k];
    if (saved.length !== values.length) throw new RangeError(`states.${k + 1} have another length`);
    values.set(saved);
  });
  return checkpoint.position;
}
