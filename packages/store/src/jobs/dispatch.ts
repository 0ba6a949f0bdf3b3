/**
 * Who runs next, and what to do with jobs whose worker is gone. Both are plain SQL under one advisory lock, so that any
 * number of API processes may call them at any time.
 */
import { idFromUuid, type JobFailure, type JobId, type JobState } from '@settle/contracts';
import type pg from 'pg';
import { type Database, inTransaction } from '../database.ts';
import { WORKER_ALIVE_MS } from '../workers/worker-registry.ts';
import { jobStateOf } from './job-view.ts';
import { moveJob } from './move-job.ts';

const DISPATCH_LOCK = 7_305_832;

export interface GivenLease {
  readonly jobId: JobId;
  readonly lease: number;
}

/**
 * Gives leases to queued jobs, oldest first, as long as the next one fits into the free slots, and returns them for the
 * queue. A job takes a slot a lane, as many as the largest worker has at most; one that waits for slots is not overtaken.
 * A lease that nobody claims, because its message was lost, expires like any other.
 */
export async function giveLeases({ pool }: Database, leaseMs: number): Promise<GivenLease[]> {
  return inTransaction(pool, async (client) => {
    if (!(await locked(client))) return [];
    const { rows: slots } = await client.query<{ free: number; largest: number }>(
      `WITH alive AS (SELECT slots FROM worker WHERE NOT draining AND seen_at > now() - $1 * interval '1 millisecond'),
            room AS (SELECT coalesce(sum(slots), 0) AS slots, coalesce(max(slots), 1) AS largest FROM alive)
       SELECT largest, (slots - (SELECT coalesce(sum(${weightIn('largest')}), 0) FROM job
                                 WHERE lease_expires_at IS NOT NULL))::integer AS free
       FROM room`,
      [WORKER_ALIVE_MS],
    );
    const { free = 0, largest = 1 } = slots[0] ?? {};
    if (free <= 0) return [];
    const { rows } = await client.query<{ id: string; weight: number }>(
      `SELECT id, ${weightIn('$2::integer')} AS weight FROM job WHERE state = 'queued'
       ORDER BY queued_at, id LIMIT $1 FOR UPDATE SKIP LOCKED`,
      [free, largest],
    );
    const given: GivenLease[] = [];
    let left = free;
    for (const { id, weight } of rows) {
      left -= weight;
      if (left < 0) break;
      const lease = await moveJob(client, { jobUuid: id, to: 'starting', reason: 'dispatched', nextLeaseMs: leaseMs });
      if (lease !== undefined) given.push({ jobId: idFromUuid('job', id), lease });
    }
    return given;
  });
}

/** Slots that a job takes, in SQL; one of before there were lanes has no number of them. */
const weightIn = (largest: string) => `least(coalesce((job.spec->>'lanes')::integer, 1), ${largest})`;

interface ExpiredRow {
  readonly id: string;
  readonly state: string;
  readonly lease: number;
  readonly lost_attempts: number;
  readonly max_attempts: number;
  readonly worker_id: string | null;
}

/**
 * Takes back leases that have run out: the job is queued again from its last checkpoint, or cancelled when that was asked
 * for, or failed when it was lost too often. Returns how many there were.
 */
export async function reapExpiredLeases({ pool }: Database): Promise<number> {
  return inTransaction(pool, async (client) => {
    if (!(await locked(client))) return 0;
    const { rows } = await client.query<ExpiredRow>(
      `SELECT id, state, lease, lost_attempts, max_attempts, worker_id FROM job
       WHERE lease_expires_at < now() FOR UPDATE SKIP LOCKED`,
    );
    for (const row of rows) await reap(client, row);
    // A worker that was killed leaves its row behind.
    await client.query("DELETE FROM worker WHERE seen_at < now() - interval '1 hour'");
    return rows.length;
  });
}

async function reap(client: pg.ClientBase, row: ExpiredRow): Promise<void> {
  const state: JobState = jobStateOf(row.state);
  const move = { jobUuid: row.id, from: [state], lease: row.lease };
  await client.query('UPDATE attempt SET ended_at = now() WHERE job_id = $1 AND lease = $2', [row.id, row.lease]);
  if (state === 'cancelling') {
    await moveJob(client, { ...move, to: 'cancelled', reason: 'cancel_requested' });
    return;
  }
  // A lease that no worker ever claimed says nothing against the job.
  const lost = row.worker_id === null ? row.lost_attempts : row.lost_attempts + 1;
  await client.query('UPDATE job SET lost_attempts = $2 WHERE id = $1', [row.id, lost]);
  if (lost < row.max_attempts) {
    await moveJob(client, { ...move, to: 'queued', reason: 'lease_lost' });
    return;
  }
  const failure: JobFailure = {
    code: 'worker_lost',
    message: `${lost} workers were lost in a row without a new checkpoint`,
    details: { lost_attempts: lost },
  };
  await moveJob(client, { ...move, to: 'failed', reason: 'worker_lost', failure });
}

/** Held until the transaction ends; false when another process is at it. */
async function locked(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS locked', [
    DISPATCH_LOCK,
  ]);
  return rows[0]?.locked ?? false;
}
