/**
 * The supervisor of a worker process: takes deliveries, keeps leases alive, passes on what users ask for. It never
 * computes, so its event loop is always free to renew a lease or to stop a job.
 */
import { hostname } from 'node:os';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { isId, newId } from '@settle/contracts';
import { type Delivery, type DeliveryConsumer, openConsumer, type QueueConfig } from '@settle/queue';
import {
  type Database,
  type Fence,
  type HeldLease,
  loadDataset,
  readHeldLeases,
  removeWorker,
  renewLeases,
  reportWorker,
  returnUnclaimed,
  type WorkerRegistration,
} from '@settle/store';
import type { Logger } from 'pino';
import { listInThread } from '../trainer/dataset-lists.ts';
import { availableKernels, preferredKernels } from '../trainer/kernels.ts';
import { datasetCache } from './dataset-cache.ts';
import { type JobHost, type RunningJob, runJob } from './running-job.ts';
import { type HeldSlots, slotsOf } from './slots.ts';

export interface SupervisorOptions {
  readonly database: Database;
  readonly queue: QueueConfig;
  /** Lanes that compute at a time. */
  readonly slots: number;
  readonly leaseMs: number;
  readonly log: Logger;
}

export interface Supervisor {
  /** Hands all running jobs back and leaves. */
  close(): Promise<void>;
}

/** A cancel is seen after at most this long. */
const CONTROL_MS = 200;
const REGISTRY_MS = 1_000;
const SLOT_LOOK_MS = 20;

export async function startSupervisor({
  database,
  queue,
  slots,
  leaseMs,
  log,
}: SupervisorOptions): Promise<Supervisor> {
  const worker: WorkerRegistration = {
    id: newId('worker'),
    host: hostname(),
    pid: process.pid,
    slots,
    kernels: preferredKernels,
  };
  const datasets = datasetCache({ load: (blobs) => loadDataset(database, blobs), list: listInThread });
  const host: JobHost = { database, datasets, workerId: worker.id, leaseMs, log };
  // With jobs of several lanes there are fewer handlers than slots.
  const free = slotsOf(slots, (jobs) => consumer.allow(jobs));
  const running = new Map<string, RunningJob>();
  const taken = new Set<string>();
  let draining = false;
  const keyOf = ({ jobId, lease }: { readonly jobId: string; readonly lease: number }) => `${jobId} ${lease}`;

  /** A delivery may arrive while a job takes more slots, or gives them back. */
  const slotWithin = async (mostMs: number): Promise<HeldSlots | undefined> => {
    const untilMs = performance.now() + mostMs;
    while (!draining) {
      const held = free.take();
      if (held !== undefined || performance.now() > untilMs) return held;
      await sleep(SLOT_LOOK_MS);
    }
    return undefined;
  };

  const handle = async ({ jobId, lease }: Delivery) => {
    // What lies in the queue is not the truth, and may not even be ours.
    if (!isId('job', jobId)) return;
    const delivery: Fence = { jobId, lease };
    // The queue may deliver a lease twice. It is run once here, also when that run is over: a new run gets a new lease.
    if (taken.has(keyOf(delivery))) return;
    const held = await slotWithin(leaseMs / 4);
    if (held === undefined) {
      await returnUnclaimed(database, delivery);
      return;
    }
    remember(taken, keyOf(delivery));
    const job = runJob(host, delivery, held);
    running.set(keyOf(delivery), job);
    await job.done;
    held.release();
    running.delete(keyOf(delivery));
  };

  const passOn = (held: readonly HeldLease[]) => {
    for (const lease of held) {
      if (lease.cancelRequested) running.get(keyOf(lease))?.cancel();
    }
  };
  const renew = async () => {
    const asked = performance.now();
    const holders = [...running.values()].filter((job) => job.holding());
    const fences = holders.map((job) => job.fence);
    const held = await renewLeases(database, worker.id, fences, leaseMs);
    passOn(held);
    const kept = new Set(held.map(keyOf));
    for (const job of holders) {
      if (kept.has(keyOf(job.fence))) job.renewed(asked + leaseMs);
      else if (job.holding()) job.abandon();
    }
  };

  await reportWorker(database, worker, false);
  const consumer: DeliveryConsumer = openConsumer(queue, {
    concurrency: slots,
    handle,
    onError: (error) => log.error({ event: 'queue_error', err: error }, 'the queue reports an error'),
  });
  const loops = [
    every(CONTROL_MS, log, async () => {
      if (running.size > 0) passOn(await readHeldLeases(database, worker.id));
    }),
    every(REGISTRY_MS, log, () => reportWorker(database, worker, draining)),
    every(leaseMs / 4, log, async () => {
      if (running.size > 0) await renew();
    }),
    // Apart from the others, because it must work while every query hangs.
    every(CONTROL_MS, log, async () => {
      for (const job of running.values()) if (job.outlived(performance.now())) job.abandon();
    }),
  ];
  const { names: kernels, nativeAbsent } = availableKernels;
  log.info(
    { event: 'worker_started', worker: worker.id, slots, kernels, no_native_kernels: nativeAbsent },
    'the worker takes jobs',
  );

  return {
    async close() {
      draining = true;
      await reportWorker(database, worker, true).catch(() => {});
      await consumer.pause();
      for (const job of running.values()) job.handBack();
      await Promise.all([...running.values()].map((job) => job.done));
      await consumer.close();
      for (const loop of loops) loop.stop();
      await removeWorker(database, worker.id).catch(() => {});
    },
  };
}

/** Far more than a queue ever repeats, and bounded. */
const REMEMBERED_LEASES = 10_000;

function remember(taken: Set<string>, key: string): void {
  taken.add(key);
  for (const oldest of taken) {
    if (taken.size <= REMEMBERED_LEASES) return;
    taken.delete(oldest);
  }
}

interface Loop {
  stop(): void;
}

/** Runs `work` again and again, `pauseMs` after the last run ended; says once when it begins to fail. */
function every(pauseMs: number, log: Logger, work: () => Promise<unknown>): Loop {
  let stopped = false;
  let failing = false;
  let timer: NodeJS.Timeout | undefined;
  const run = async () => {
    try {
      await work();
      failing = false;
    } catch (error) {
      if (!failing) log.error({ event: 'supervision_failed', err: error }, 'a supervision round failed; trying again');
      failing = true;
    }
    if (!stopped) timer = setTimeout(() => void run(), pauseMs);
  };
  timer = setTimeout(() => void run(), pauseMs);
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
