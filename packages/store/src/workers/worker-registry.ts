/** Which workers are alive, and how many jobs they can take. */
import type { WorkerId } from '@settle/contracts';
import type { Database } from '../database.ts';
import { uuidOf } from '../uuid-of.ts';

export interface WorkerRegistration {
  readonly id: WorkerId;
  readonly host: string;
  readonly pid: number;
  /** Jobs at a time. */
  readonly slots: number;
  /** The kernel set it computes with. */
  readonly kernels: string;
}

/** A worker that has not been seen for longer counts no more. */
export const WORKER_ALIVE_MS = 5_000;

/** Registers a worker, or says again that it lives. A draining worker is given no more jobs. */
export async function reportWorker({ pool }: Database, worker: WorkerRegistration, draining: boolean): Promise<void> {
  await pool.query(
    `INSERT INTO worker (id, host, pid, slots, kernels, draining) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (id) DO UPDATE SET seen_at = now(), draining = $6`,
    [uuidOf('worker', worker.id), worker.host, worker.pid, worker.slots, worker.kernels, draining],
  );
}

/** Takes a worker off the list, as the last thing it does. */
export async function removeWorker({ pool }: Database, id: WorkerId): Promise<void> {
  await pool.query('DELETE FROM worker WHERE id = $1', [uuidOf('worker', id)]);
}
