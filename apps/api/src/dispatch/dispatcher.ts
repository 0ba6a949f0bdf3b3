/**
 * Keeps jobs moving: gives leases to queued jobs and rings the queue's doorbell for each, and takes back leases that have
 * run out. Every API process runs one; Postgres lets one of them work at a time.
 */
import type { DeliveryProducer } from '@settle/queue';
import { type Database, giveLeases, reapExpiredLeases } from '@settle/store';
import type { FastifyBaseLogger } from 'fastify';

export interface Dispatcher {
  /** Looks for work now instead of at the next tick. */
  wake(): void;
  /** Ends after the tick that is under way. */
  close(): Promise<void>;
}

const TICK_MS = 300;

export interface DispatcherOptions {
  readonly database: Database;
  readonly producer: DeliveryProducer;
  readonly leaseMs: number;
  readonly log: FastifyBaseLogger;
}

export function startDispatcher({ database, producer, leaseMs, log }: DispatcherOptions): Dispatcher {
  let closed = false;
  let wake = () => {};
  let failing = false;

  const tick = async () => {
    const reaped = await reapExpiredLeases(database);
    if (reaped > 0) log.warn({ event: 'leases_reaped', count: reaped }, 'leases ran out');
    for (const { jobId, lease } of await giveLeases(database, leaseMs)) {
      // A doorbell that cannot be rung costs one lease: it expires unclaimed and the job is queued again.
      await producer.deliver({ jobId, lease });
      log.info({ event: 'job_dispatched', job: jobId, lease }, 'a job was dispatched');
    }
  };

  const loop = (async () => {
    while (!closed) {
      let woken = false;
      const pause = new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, TICK_MS);
        wake = () => {
          woken = true;
          clearTimeout(timer);
          resolve();
        };
      });
      try {
        await tick();
        failing = false;
      } catch (error) {
        // Said once per outage: the next ticks try again.
        if (!failing) log.error({ event: 'dispatch_failed', err: error }, 'dispatching failed; trying again');
        failing = true;
        woken = false;
      }
      if (!woken && !closed) await pause;
    }
  })();

  return {
    wake: () => wake(),
    async close() {
      closed = true;
      wake();
      await loop;
    },
  };
}
