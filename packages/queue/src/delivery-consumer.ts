/** How does a worker process hear of its jobs? Through a consumer that hands it one delivery per free slot. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, WaitingError } from 'bullmq';
import { type OpenWorker, openWorker } from './bullmq-backend.ts';
import { withDeadline } from './deadline.ts';
import { type Delivery, parseDelivery } from './delivery.ts';
import type { QueueConfig } from './queue-config.ts';

export interface DeliveryConsumer {
  /** How many handlers run at a time from now on, at least 1; those that run are not touched. */
  allow(concurrency: number): void;
  /** Stops taking new deliveries, at once; those whose handlers run are not touched. What arrives is left to others. */
  pause(): Promise<void>;
  /** Stops taking and waits for the handlers that run, however long they do: end them first. */
  close(): Promise<void>;
}

export interface ConsumerOptions {
  /** How many handlers run at a time, until `allow` says otherwise. */
  readonly concurrency: number;
  /**
   * Takes as long as the job trains. Its event loop must stay free, since the delivery's lock is renewed on it. A lock
   * that was lost all the same, or a connection lost at the wrong moment, delivers the same lease once more, to this
   * consumer or another: the claim in Postgres lets only one of them go on. What it rejects with is only reported.
   */
  readonly handle: (delivery: Delivery) => Promise<void>;
  readonly onError: (error: Error) => void;
  /** How long the deliveries of a consumer that died stay with it; renewed at half that time. */
  readonly lockMs?: number;
}

/** BullMQ's own default: a starved event loop gets half a minute before its deliveries are given to somebody else. */
const LOCK_MS = 30_000;
const CLOSE_WITHIN_MS = 3_000;
const RETRY_MS = 1_000;

/** Begins at once and goes on trying while the backend is away. */
export function openConsumer(config: QueueConfig, options: ConsumerOptions): DeliveryConsumer {
  const { handle, onError, lockMs = LOCK_MS } = options;
  let { concurrency } = options;
  const handling = new Set<Promise<void>>();
  const stop = new AbortController();
  let current: OpenWorker | undefined;

  async function take(job: Job<Delivery>, token: string | undefined): Promise<void> {
    if (stop.signal.aborted) {
      // A wait that began before the pause still ends with a delivery. Put it back to the front for somebody else.
      await job.moveToWait(token);
      throw new WaitingError();
    }
    const run = report(async () => handle(parseDelivery(job.data)));
    handling.add(run);
    await run;
    handling.delete(run);
  }

  async function report(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** BullMQ never tries again after a first connection that failed, so each such failure is followed by a new worker. */
  async function connect(): Promise<void> {
    while (!stop.signal.aborted) {
      const attempt = openWorker(config, { concurrency, lockMs }, take);
      const { worker } = attempt;
      worker.on('error', (error) => {
        // What a connection says that is given up on purpose is no news.
        if (current === attempt) onError(error);
      });
      current = attempt;
      try {
        await worker.waitUntilReady();
        if (!stop.signal.aborted) void report(() => worker.run());
        return;
      } catch (error) {
        if (stop.signal.aborted) return;
        onError(error instanceof Error ? error : new Error(String(error)));
        await closeWorker(attempt);
        await sleep(RETRY_MS, undefined, { signal: stop.signal }).catch(() => {});
      }
    }
  }

  const connecting = connect();

  async function pause(): Promise<void> {
    stop.abort();
    await current?.worker.pause(true);
  }

  async function end(): Promise<void> {
    await pause();
    await Promise.all(handling);
    if (current !== undefined) await closeWorker(current);
    current = undefined;
    await connecting;
  }

  let ending: Promise<void> | undefined;
  return {
    allow(wanted) {
      concurrency = wanted;
      if (current !== undefined) current.worker.concurrency = wanted;
    },
    pause,
    close() {
      ending ??= end();
      return ending;
    },
  };
}

/** BullMQ wants to record that the last deliveries are done, and waits for as long as the store is away. */
async function closeWorker({ worker, abandon }: OpenWorker): Promise<void> {
  try {
    await withDeadline(worker.close(), CLOSE_WITHIN_MS, 'the worker did not close');
  } catch {
    // The store is away: it will find the locks expired.
  } finally {
    abandon();
  }
}
