/**
 * One job under one lease, from its delivery to its end: claim, prepare, train, store, report how it ended.
 *
 * What the trainer reports is written by ./job-journal.ts. When the lease is lost the trainer is ended at once and nothing more is written: another worker may hold the job.
 */
import { validateJob, type WorkerId } from '@settle/contracts';
import {
  type ClaimedJob,
  claimJob,
  type Database,
  type Ending,
  endAttempt,
  type Fence,
  findDatasetBlobs,
  loadBlob,
} from '@settle/store';
import type { Logger } from 'pino';
import { endingOf, type RunOutcome } from '../run-outcome.ts';
import { kernelsRecord, preferredKernels, sharesWork } from '../trainer/kernels.ts';
import type { TrainerInput } from '../trainer/messages.ts';
import type { DatasetCache } from './dataset-cache.ts';
import { jobJournal } from './job-journal.ts';
import { notRunnable, prepare } from './preparation.ts';
import type { HeldSlots } from './slots.ts';
import { type Stored, storeWithRetry } from './storage-retry.ts';
import { startTrainer, type Trainer } from './trainer.ts';

export interface JobHost {
  readonly database: Database;
  readonly datasets: DatasetCache;
  readonly workerId: WorkerId;
  readonly leaseMs: number;
  readonly log: Logger;
}

export interface RunningJob {
  readonly fence: Fence;
  /** The user asked for it. */
  cancel(): void;
  /** The worker shuts down: stop at the next batch, keep the exact position, queue the job again. */
  handBack(): void;
  /** True from the claim until the end is about to be written. */
  holding(): boolean;
  /** The lease was renewed and is good until then, on this process's monotonic clock. */
  renewed(goodUntilMs: number): void;
  /** True when the lease may have run out for want of a renewal: others may hold the job by now. */
  outlived(nowMs: number): boolean;
  /** The lease is gone: stop without another word. */
  abandon(): void;
  /** Resolves when nothing of this job is left in this process; never rejects. */
  readonly done: Promise<void>;
}

/** Progress and metrics are written this often. */
const REPORT_MS = 500;

/** `slots`: one of them; what the job's lanes take besides is taken from there, and released by the caller at the end. */
export function runJob(host: JobHost, fence: Fence, slots: HeldSlots): RunningJob {
  const log = host.log.child({ job: fence.jobId, lease: fence.lease });
  let trainer: Trainer | undefined;
  let request: 'none' | 'cancel' | 'hand-back' = 'none';
  let abandoned = false;
  let holding = false;
  let goodUntilMs = 0;

  const ask = (wanted: 'cancel' | 'hand-back') => {
    if (request === 'none') request = wanted;
    trainer?.stop(wanted);
  };

  const stored = <Value>(write: () => Promise<Value>): Promise<Stored<Value>> =>
    storeWithRetry(write, {
      abandoned: () => abandoned,
      onError: (error) => log.warn({ event: 'store_retry', err: error }, 'the store did not answer; trying again'),
    });

  const end = async (ending: Ending) => {
    holding = false;
    const outcome = await stored(() => endAttempt(host.database, fence, ending));
    log.info({ event: 'attempt_ended', ending: ending.kind, stored: outcome.kind }, 'an attempt ended');
  };

  const life = async () => {
    let askedMs = 0;
    const claim = await stored(() => {
      askedMs = performance.now();
      return claimJob(host.database, fence, { id: host.workerId, kernels: preferredKernels }, host.leaseMs);
    });
    if (claim.kind === 'abandoned' || claim.value.kind === 'lease-lost') return;
    const claimed = claim.value.value;
    holding = true;
    goodUntilMs = askedMs + host.leaseMs;
    log.info({ event: 'job_claimed', resumed_from_step: claimed.checkpoint?.step ?? 0 }, 'a job was claimed');
    if (claimed.cancelRequested) return end({ kind: 'cancelled' });

    const validation = validateJob(claimed.spec, 'unchecked');
    if (validation.kind === 'invalid') {
      const fault = validation.faults[0];
      return end(notRunnable(`the stored job is not valid: ${fault?.pointer ?? ''} ${fault?.detail ?? ''}`));
    }
    const { spec } = validation;
    const blobs = await stored(() => findDatasetBlobs(host.database, claimed.projectUuid, spec.dataset.name));
    if (blobs.kind === 'abandoned') return end({ kind: 'handed-back' });
    if (blobs.value === undefined) return end(notRunnable(`dataset ${spec.dataset.name} is gone`));
    const dataset = blobs.value;
    // Both take a while, and neither needs the other.
    const checkpoint = stored(async () => loadCheckpoint(host.database, claimed));
    const shared = await stored(() => host.datasets.acquire(dataset));
    if (shared.kind === 'abandoned') return end({ kind: 'handed-back' });
    const { files, lists } = shared.value;
    try {
      const resumeFrom = await checkpoint;
      if (resumeFrom.kind === 'abandoned') return await end({ kind: 'handed-back' });
      if (abandoned) return;
      if (request !== 'none') return await end({ kind: request === 'cancel' ? 'cancelled' : 'handed-back' });
      const prepared = prepare(spec, files, resumeFrom.value);
      if (prepared.kind !== 'prepared') return await end(prepared.ending);
      await train(claimed, prepared.trainSamples, {
        spec,
        // The job's own name for the data, whatever name it was first loaded under.
        dataset: { ...files, name: dataset.name },
        lists,
        kernels: prepared.kernels,
        lanes: sharesWork(prepared.kernels) ? slots.grow(spec.lanes) : 1,
        memory: prepared.memory,
        resumeFrom: resumeFrom.value,
        acknowledged: new Int32Array(new SharedArrayBuffer(4)),
      });
    } finally {
      host.datasets.release(dataset);
    }
  };

  const train = async (claimed: ClaimedJob, trainSamples: number, input: TrainerInput) => {
    const { spec } = input;
    const kernels = kernelsRecord(input.kernels, input.lanes);
    let notStored: string | undefined;
    const journal = jobJournal({
      database: host.database,
      fence,
      spec,
      claimed,
      trainSamples,
      kernels,
      stored,
      acknowledge() {
        Atomics.add(input.acknowledged, 0, 1);
        Atomics.notify(input.acknowledged, 0);
      },
      onLeaseLost: abandon,
      onNotStored(reason) {
        notStored = reason;
        trainer?.terminate();
      },
    });

    trainer = startTrainer(input, journal.note);
    // A request that came while the job was being prepared had no trainer to stop.
    if (request !== 'none') trainer.stop(request);
    journal.running();
    const timer = setInterval(journal.report, REPORT_MS);
    const outcome = await trainer.ended;
    clearInterval(timer);
    journal.report();
    if (outcome.kind === 'trained' && outcome.outcome.kind === 'stopped' && outcome.outcome.request === 'hand-back') {
      journal.saveHandBack(outcome.outcome);
    }
    await journal.written();
    const run: RunOutcome = notStored === undefined ? outcome : { kind: 'not-stored', message: notStored };
    await end(
      endingOf(run, {
        kernels,
        epochs: journal.epochsDone(),
        images: journal.epochsDone() * trainSamples,
        lastEpoch: journal.lastEpoch(),
        lastCheckpoint: journal.lastCheckpoint(),
        bestCheckpoint: journal.bestCheckpoint(),
      }),
    );
  };

  const abandon = () => {
    if (abandoned) return;
    abandoned = true;
    log.warn({ event: 'lease_lost' }, 'the lease is lost; the job is left to others');
    trainer?.terminate();
  };

  return {
    fence,
    cancel: () => ask('cancel'),
    handBack: () => ask('hand-back'),
    holding: () => holding,
    renewed(untilMs) {
      goodUntilMs = Math.max(goodUntilMs, untilMs);
    },
    outlived: (nowMs) => holding && nowMs > goodUntilMs,
    abandon,
    done: life().catch((error: unknown) => {
      // What is left open here ends with the lease: the job is queued again and not lost.
      log.error({ event: 'job_supervision_failed', err: error }, 'supervising a job failed');
      trainer?.terminate();
    }),
  };
}

async function loadCheckpoint(database: Database, { checkpoint }: ClaimedJob): Promise<Uint8Array | undefined> {
  return checkpoint === undefined ? undefined : loadBlob(database.pool, Buffer.from(checkpoint.sha256, 'hex'));
}
