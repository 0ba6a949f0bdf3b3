/**
 * Tells waiting requests that a job has changed. One query per interval for all watched jobs of this process, however
 * many streams watch them: the truth is polled, so no message can be missed.
 */
import type { JobId } from '@settle/contracts';
import { type Database, readRevisions } from '@settle/store';

export interface JobWatcher {
  /** Resolves when the job's revision is no longer `revision`, when `timeoutMs` have passed, or when `signal` aborts. */
  changed(jobId: JobId, revision: number, timeoutMs: number, signal: AbortSignal): Promise<void>;
  /** Wakes everybody and stops. */
  close(): void;
  /** The service closes: nobody should wait any more. */
  isClosed(): boolean;
}

const INTERVAL_MS = 200;

interface Waiter {
  readonly jobId: JobId;
  readonly revision: number;
  wake(): void;
}

export function watchJobs(database: Database, onError: (error: unknown) => void): JobWatcher {
  const waiters = new Set<Waiter>();
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let failing = false;

  const schedule = () => {
    if (closed || timer !== undefined || waiters.size === 0) return;
    timer = setTimeout(() => {
      look()
        .then(
          () => {
            failing = false;
          },
          (error: unknown) => {
            // Said once per outage.
            if (!failing) onError(error);
            failing = true;
          },
        )
        .finally(() => {
          timer = undefined;
          schedule();
        });
    }, INTERVAL_MS);
  };

  const look = async () => {
    const revisions = await readRevisions(database, [...new Set([...waiters].map((waiter) => waiter.jobId))]);
    for (const waiter of waiters) {
      if (revisions.get(waiter.jobId) !== waiter.revision) waiter.wake();
    }
  };

  return {
    changed(jobId, revision, timeoutMs, signal) {
      if (closed || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = () => {
          waiters.delete(waiter);
          clearTimeout(timeout);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const waiter: Waiter = { jobId, revision, wake };
        const timeout = setTimeout(wake, timeoutMs);
        signal.addEventListener('abort', wake);
        waiters.add(waiter);
        schedule();
      });
    },
    isClosed: () => closed,
    close() {
      closed = true;
      clearTimeout(timer);
      for (const waiter of waiters) waiter.wake();
    },
  };
}
