/** What supervisor and trainer thread say to each other. Intent goes through shared memory, because a computing thread reads no messages. */
import type { JobSpec } from '@settle/contracts';
import type { ArenaMemory, KernelSetName, TrainingEvent, TrainingOutcome } from '@settle/core';
import type { DatasetFiles } from '@settle/store';
import type { DatasetLists } from './dataset-lists.ts';

/** Handed to the thread when it is made. */
export interface TrainerInput {
  readonly spec: JobSpec;
  readonly dataset: DatasetFiles;
  readonly lists: DatasetLists;
  /** Name of the kernel set that the memory was sized for. */
  readonly kernels: KernelSetName;
  /** Threads that compute, the trainer's own among them. */
  readonly lanes: number;
  readonly memory: ArenaMemory;
  readonly resumeFrom: Uint8Array | undefined;
  /** One word: epochs and checkpoints that the supervisor has stored. The thread does not run further ahead than a few. */
  readonly acknowledged: Int32Array<SharedArrayBuffer>;
}

/** Metric points of some batches, one entry per batch. */
export interface BatchMetrics {
  readonly steps: number[];
  readonly cost: number[];
  readonly freeResidual: number[];
  readonly nudgedResidual: number[];
}

export type TrainerMessage =
  | { readonly kind: 'batches'; readonly batches: BatchMetrics; readonly images: number; readonly computeMs: number }
  | Extract<TrainingEvent, { kind: 'epoch' | 'checkpoint' }>
  | { readonly kind: 'ended'; readonly outcome: TrainingOutcome; readonly computeMs: number }
  /** Core refused the job: shapes, sizes or checkpoint do not fit. */
  | { readonly kind: 'refused'; readonly reason: string };

/** What is handed over with a message, not copied: the bytes of a checkpoint, which may be hundreds of megabytes. */
export function handedOver(message: TrainerMessage): ArrayBuffer[] {
  const file = fileOf(message);
  if (file === undefined || !(file.buffer instanceof ArrayBuffer)) return [];
  // A view of a larger buffer is copied: the rest is someone else's.
  return file.byteLength === file.buffer.byteLength ? [file.buffer] : [];
}

function fileOf(message: TrainerMessage): Uint8Array | undefined {
  if (message.kind === 'checkpoint') return message.file;
  return message.kind === 'ended' && message.outcome.kind === 'stopped' ? message.outcome.file : undefined;
}
