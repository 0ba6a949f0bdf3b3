/** Runs whole trainings for tests: small generated data, and a stop after any event or before any phase. */
import type { Dataset } from '../../datasets/dataset.ts';
import { generatedDataset } from '../../datasets/generated.ts';
import type { KernelSet, NetworkKernels } from '../../kernels/kernel-set.ts';
import { referenceKernels } from '../../kernels/reference/reference-kernels.ts';
import { wasmKernels } from '../../kernels/wasm/wasm-kernels.ts';
import type { Method } from '../../recipes/method.ts';
import { type ArenaMemory, createArenaMemory } from '../../tensor/arena.ts';
import { controlBlock, type StopRequest } from '../../tensor/control-block.ts';
import { type Checkpoint, decodeCheckpoint } from '../checkpoint.ts';
import type { EpochMetrics, TrainingEvent, TrainingOutcome } from '../events.ts';
import { openSession, type SessionOptions, sessionBytes } from '../session.ts';

export type DataName = 'blobs' | 'glyphs';

const SIDE = 6;

/** Four classes: points of 8 features, or images of 6 x 6. The two parts are of one kind and differ. */
export function data(name: DataName, samples: number, part: 'train' | 'test' = 'train'): Dataset {
  const common = { classes: 4, samples, seed: 1, part };
  return generatedDataset(name === 'blobs' ? { name, ...common } : { name, side: SIDE, ...common });
}

/** 40 samples in batches of 16: the last batch of an epoch is smaller. */
const BATCH_SIZE = 16;
export const BATCHES = 3;

export interface RunOptions extends Partial<Omit<SessionOptions, 'method'>> {
  readonly method: Method;
  /** Where `train` and `test` are not given. */
  readonly on?: DataName;
  /** Asks for a stop once so many events were seen. */
  readonly stopAfter?: number | undefined;
  readonly request?: StopRequest;
}

export interface Run {
  readonly events: readonly TrainingEvent[];
  readonly outcome: TrainingOutcome;
  readonly beats: number;
}

export function open({ method, on = 'blobs', ...options }: RunOptions) {
  const kernelSet = options.kernelSet ?? referenceKernels;
  const batchSize = options.batchSize ?? BATCH_SIZE;
  const memory = options.memory ?? createArenaMemory(sessionBytes(method, kernelSet, batchSize));
  const session = openSession({
    reference: referenceKernels,
    train: options.train ?? data(on, 40),
    validation: undefined,
    test: options.test ?? data(on, 20, 'test'),
    preparation: {},
    seed: 1,
    epochs: 2,
    checkpointEveryEpochs: 1,
    earlyStopping: undefined,
    diagnostics: { everyEpochs: 0, gradientCosine: false },
    resumeFrom: undefined,
    ...options,
    ...{ method, kernelSet, memory, batchSize },
  });
  return { session, control: controlBlock(memory) };
}

export function run(options: RunOptions): Run {
  const { session, control } = open(options);
  const events: TrainingEvent[] = [];
  for (;;) {
    if (events.length === options.stopAfter) control.requestStop(options.request ?? 'hand-back');
    const { done, value } = session.next();
    if (done === true) return { events, outcome: value, beats: control.heartbeats() };
    events.push(value);
  }
}

/** A kernel set that runs every network; the other of the two for those that it can run. */
export function setsFor({ model, estimator }: Method): readonly KernelSet[] {
  return [referenceKernels, wasmKernels].filter(
    (set) => set.missing(model.network, estimator.needs.kernels).length === 0,
  );
}

/** The set itself, with a stop requested just before its `phase`-th phase, from 0. */
export function stoppingBeforePhase(set: KernelSet, memory: ArenaMemory, phase: number): KernelSet {
  const control = controlBlock(memory);
  let settled = 0;
  return {
    ...set,
    build(network, workspace, arena, lanes): NetworkKernels {
      const kernels = set.build(network, workspace, arena, lanes);
      return {
        ...kernels,
        settle(asked) {
          if (settled++ === phase) control.requestStop('hand-back');
          return kernels.settle(asked);
        },
      };
    },
  };
}

/** The last checkpoint of a training that went to its end. */
export function lastFile(events: readonly TrainingEvent[]): Uint8Array {
  const last = events.at(-1);
  if (last?.kind !== 'checkpoint') throw new Error('training did not end with a checkpoint');
  return last.file;
}

export const lastCheckpoint = (events: readonly TrainingEvent[]): Checkpoint => decodeCheckpoint(lastFile(events));

export function stoppedFile(outcome: TrainingOutcome): Uint8Array {
  if (outcome.kind !== 'stopped') throw new Error(`training ended as ${outcome.kind}`);
  return outcome.file;
}

export function epochMetrics(events: readonly TrainingEvent[]): readonly EpochMetrics[] {
  return events.flatMap((event) => (event.kind === 'epoch' ? [event.metrics] : []));
}

export function isSameFile(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
