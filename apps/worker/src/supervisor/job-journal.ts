/**
 * Turns what a trainer reports into writes: fenced by the lease, one after another in the order of the reports, repeated
 * while the database is away. Epochs and checkpoints are acknowledged to the trainer when they are stored.
 */
import { type JobSpec, type NewJobEvent, newId } from '@settle/contracts';
import {
  type ClaimedJob,
  type Database,
  type Fence,
  markRunning,
  type StoredCheckpoint,
  saveCheckpoint,
  type Written,
  writeReport,
} from '@settle/store';
import {
  checkpointMetrics,
  type EpochSummary,
  epochEventData,
  epochPoints,
  summaryOfCheckpoint,
} from '../epoch-metrics.ts';
import type { TrainerMessage } from '../trainer/messages.ts';
import { metricBuffer } from './metric-buffer.ts';
import { progressTracker } from './progress.ts';
import type { Stored } from './storage-retry.ts';

export interface JobJournal {
  note(message: TrainerMessage): void;
  /** Writes down that training runs. */
  running(): void;
  /** Writes progress, events and metrics since the last report. */
  report(): void;
  /** Saves the exact position of a job that is handed back. */
  saveHandBack(position: { readonly epoch: number; readonly step: number; readonly file: Uint8Array }): void;
  /** Resolves when everything so far is stored, or given up. */
  written(): Promise<void>;
  /** Whole epochs done, and what the latest of them gave. */
  epochsDone(): number;
  lastEpoch(): EpochSummary | undefined;
  lastCheckpoint(): StoredCheckpoint | undefined;
  /** Of the best epoch by validation. */
  bestCheckpoint(): StoredCheckpoint | undefined;
}

export interface JournalOptions {
  readonly database: Database;
  readonly fence: Fence;
  readonly spec: JobSpec;
  readonly claimed: ClaimedJob;
  /** Samples that are trained on, without those held out. */
  readonly trainSamples: number;
  /** What computes the job, as its records have it. */
  readonly kernels: string;
  /** Repeats a write for as long as the lease may be good. */
  stored<Value>(write: () => Promise<Written<Value>>): Promise<Stored<Written<Value>>>;
  /** One more epoch or checkpoint is stored. */
  acknowledge(): void;
  /** The lease is another's; nothing more is written. */
  onLeaseLost(): void;
  /** A write was given up for this reason; nothing more is written. */
  onNotStored(reason: string): void;
}

export function jobJournal(options: JournalOptions): JobJournal {
  const { database, fence, spec, claimed, acknowledge } = options;
  const progress = progressTracker(
    spec,
    options.trainSamples,
    claimed.checkpoint?.step ?? 0,
    summaryOfCheckpoint(claimed.checkpoint?.metrics ?? {}),
  );
  const metrics = metricBuffer();
  let events: NewJobEvent[] = [];
  let lastCheckpoint: StoredCheckpoint | undefined = claimed.checkpoint;
  let bestCheckpoint: StoredCheckpoint | undefined = claimed.bestCheckpoint;
  let chain: Promise<void> = Promise.resolve();
  let closed = false;
  let reports = 0;

  const append = <Value>(write: () => Promise<Written<Value>>, then: (value: Value) => void = () => {}) => {
    chain = chain.then(async () => {
      if (closed) return;
      const outcome = await options.stored(write);
      if (outcome.kind === 'stored' && outcome.value.kind === 'written') {
        then(outcome.value.value);
        return;
      }
      closed = true;
      if (outcome.kind === 'abandoned') options.onNotStored(outcome.error?.message ?? 'the lease was lost');
      else options.onLeaseLost();
    });
  };

  const report = (then?: () => void) => {
    reports++;
    const news = {
      number: reports,
      progress: progress.current(),
      events,
      metrics: metrics.takeChanged(),
      computeMs: progress.computeMs(),
    };
    events = [];
    append(() => writeReport(database, fence, news), then);
  };

  const save = (
    checkpoint: { readonly epoch: number; readonly step: number; readonly file: Uint8Array },
    record: Readonly<Record<string, number>>,
    then: (stored: StoredCheckpoint) => void,
  ) => {
    const { epoch, step, file } = checkpoint;
    // Named here, outside the repeated write, so that a repeated save is one checkpoint.
    const id = newId('checkpoint');
    append(
      () => saveCheckpoint(database, fence, { id, epoch, step, metrics: record, file }),
      (stored) => {
        lastCheckpoint = stored;
        then(stored);
      },
    );
  };

  return {
    note(message) {
      progress.note(message);
      switch (message.kind) {
        case 'batches':
          message.batches.steps.forEach((step, i) => {
            metrics.add('train/cost', step, message.batches.cost[i] ?? Number.NaN);
            metrics.add('settle/free-residual', step, message.batches.freeResidual[i] ?? Number.NaN);
            metrics.add('settle/nudged-residual', step, message.batches.nudgedResidual[i] ?? Number.NaN);
          });
          return;
        case 'epoch': {
          const { epoch, step, metrics: ofEpoch } = message;
          for (const [key, point] of epochPoints(ofEpoch)) metrics.add(key, step, point);
          const data = { epoch, epochs: spec.training.epochs, step, ...epochEventData(ofEpoch) };
          events.push({ type: 'job.epoch', data });
          report(acknowledge);
          return;
        }
        case 'checkpoint':
          save(message, checkpointMetrics(message.metrics, message.isBest), (stored) => {
            if (message.isBest) bestCheckpoint = stored;
            acknowledge();
          });
          return;
        case 'ended':
        case 'refused':
          return;
        default:
          message satisfies never;
      }
    },
    running: () => append(() => markRunning(database, fence, options.kernels)),
    report: () => report(),
    saveHandBack: (position) => save(position, {}, () => {}),
    written: () => chain,
    epochsDone: () => progress.epochsDone(),
    lastEpoch: () => progress.lastEpoch(),
    lastCheckpoint: () => lastCheckpoint,
    bestCheckpoint: () => bestCheckpoint,
  };
}
