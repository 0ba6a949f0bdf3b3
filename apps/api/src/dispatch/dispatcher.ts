/**
 * Keeps jobs moving: gives leases to queued jobs and rings the queue's doorbell for each, and takes back leases that have
 * run out. Every API process runs one; Postgres lets one of them work at a time.
 */
import type { DeliveryProducer } from '@settle/queue';
import { type Database, type GivenLease, giveLeases, reapExpiredLeases } from '@settle/store';
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
  /** Leases whose doorbell could not be rung yet, and when they run out. */
  let unheard: (GivenLease & { readonly untilMs: number })[] = [];

  /** Rings for every lease that was given; keeps those that could not be rung, and then throws. */
  const ring = async () => {
    const waiting = unheard.filter(({ untilMs }) => performance.now() < untilMs);
    unheard = [];
    let failure: unknown;
    for (const given of waiting) {
      try {
        await producer.deliver({ jobId: given.jobId, lease: given.lease });
        log.info({ event: 'job_dispatched', job: given.jobId, lease: given.lease }, 'a job was dispatched');
      } catch (error) {
        failure = error;
        unheard.push(given);
      }
    }
    if (unheard.length > 0) throw failure;
  };

  const tick = async () => {
    const reaped = await reapExpiredLeases(database);
    if (reaped > 0) log.warn({ event: 'leases_reaped', count: reaped }, 'leases ran out');
    // While the queue is away no new leases are given: they would run out one after another, unheard.
    await ring();
    const untilMs = performance.now() + leaseMs;
    unheard.push(...(await giveLeases(database, leaseMs)).map((given) => ({ ...given, untilMs })));
    await ring();
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
