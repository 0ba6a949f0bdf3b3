/**
 * What a worker writes about a job, fenced by its lease: a worker whose lease is no longer the current one writes
 * nothing and is told so. Each write holds the job's row, so that no lease can change in the middle of it.
 */
import {
  type CheckpointId,
  idFromUuid,
  type JobFailure,
  type JobId,
  type JobProgress,
  type JobResult,
  LEASED_STATES,
  type NewJobEvent,
  type WorkerId,
} from '@settle/contracts';
import type pg from 'pg';
import { putBlob, referenceBlob } from '../blobs/blob-store.ts';
import { type Database, inTransaction } from '../database.ts';
import { type MetricChunk, writeMetricChunk } from '../metrics/metric-store.ts';
import { uuidOf } from '../uuid-of.ts';
import { jobStateOf } from './job-view.ts';
import { appendEvent, moveJob } from './move-job.ts';

export interface Fence {
  readonly jobId: JobId;
  readonly lease: number;
}

export type Written<Value = void> =
  | { readonly kind: 'written'; readonly value: Value }
  | { readonly kind: 'lease-lost' };

export interface ClaimedJob {
  readonly spec: unknown;
  readonly projectUuid: string;
  /** The checkpoint to go on from. */
  readonly checkpoint: ClaimedCheckpoint | undefined;
  /** The last one that no epoch before was better than by validation. */
  readonly bestCheckpoint: StoredCheckpoint | undefined;
  readonly cancelRequested: boolean;
}

export interface ClaimedCheckpoint extends StoredCheckpoint {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/**
 * Takes the job that a delivery speaks of. `lease-lost` when it is another worker's by now, or has ended. The same worker
 * may repeat a claim whose answer it did not get; it is for the caller not to run one lease twice.
 */
export async function claimJob(
  { pool }: Database,
  fence: Fence,
  worker: { readonly id: WorkerId; readonly kernels: string },
  leaseMs: number,
): Promise<Written<ClaimedJob>> {
  const jobUuid = uuidOf('job', fence.jobId);
  const workerUuid = uuidOf('worker', worker.id);
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ spec: unknown; project_id: string; state: string }>(
      `UPDATE job SET worker_id = $3, lease_expires_at = now() + $4 * interval '1 millisecond', revision = revision + 1
       WHERE id = $1 AND lease = $2 AND (worker_id IS NULL OR worker_id = $3) AND lease_expires_at IS NOT NULL
       RETURNING spec, project_id, state`,
      [jobUuid, fence.lease, workerUuid, leaseMs],
    );
    const [row] = rows;
    if (row === undefined) return { kind: 'lease-lost' };
    const checkpoint = await latestCheckpoint(client, jobUuid);
    const bestCheckpoint = await lastBestCheckpoint(client, jobUuid);
    await client.query(
      `INSERT INTO attempt (job_id, lease, worker_id, kernels, resumed_from_step) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (job_id, lease) DO NOTHING`,
      [jobUuid, fence.lease, workerUuid, worker.kernels, checkpoint?.step ?? 0],
    );
    const cancelRequested = jobStateOf(row.state) === 'cancelling';
    const { spec, project_id: projectUuid } = row;
    return { kind: 'written', value: { spec, projectUuid, checkpoint, bestCheckpoint, cancelRequested } };
  });
}

async function latestCheckpoint(client: pg.ClientBase, jobUuid: string): Promise<ClaimedCheckpoint | undefined> {
  const { rows } = await client.query<{ id: string; sha256: Buffer; step: number; metrics: Record<string, number> }>(
    'SELECT id, sha256, step, metrics FROM checkpoint WHERE job_id = $1 ORDER BY step DESC, id DESC LIMIT 1',
    [jobUuid],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { id, sha256, step, metrics } = row;
  return { id: idFromUuid('checkpoint', id), sha256: sha256.toString('hex'), step, metrics };
}

async function lastBestCheckpoint(client: pg.ClientBase, jobUuid: string): Promise<StoredCheckpoint | undefined> {
  const { rows } = await client.query<{ id: string; sha256: Buffer }>(
    "SELECT id, sha256 FROM checkpoint WHERE job_id = $1 AND metrics ? 'is_best' ORDER BY step DESC, id DESC LIMIT 1",
    [jobUuid],
  );
  const [row] = rows;
  return row === undefined ? undefined : { id: idFromUuid('checkpoint', row.id), sha256: row.sha256.toString('hex') };
}

/** Says that training runs, and by which kernel set: a worker claims a job before it knows what the job needs. */
export async function markRunning({ pool }: Database, fence: Fence, kernels: string): Promise<Written> {
  return fenced(pool, fence, async (client, jobUuid) => {
    await client.query('UPDATE attempt SET kernels = $3 WHERE job_id = $1 AND lease = $2', [
      jobUuid,
      fence.lease,
      kernels,
    ]);
    // Not an error when it cannot be done: a cancel may have come first, and the worker will find it.
    await moveJob(client, { jobUuid, to: 'running', from: ['starting'], lease: fence.lease, reason: null });
  });
}

/** What the holder of a lease finds when it looks at its job. */
export interface HeldLease {
  readonly jobId: JobId;
  readonly lease: number;
  readonly cancelRequested: boolean;
}

interface HeldRow {
  readonly id: string;
  readonly lease: number;
  readonly state: string;
}

/** The leases that a worker holds. Cheap, and asked often: this is how a cancel reaches the worker. */
export async function readHeldLeases({ pool }: Database, workerId: WorkerId): Promise<HeldLease[]> {
  const { rows } = await pool.query<HeldRow>(
    'SELECT id, lease, state FROM job WHERE worker_id = $1 AND lease_expires_at > now()',
    [uuidOf('worker', workerId)],
  );
  return rows.map(heldLease);
}

/**
 * Renews leases in one statement; one that is not among the answers is lost. Only those that are asked for: a lease that
 * the worker holds on paper and runs no more must end.
 */
export async function renewLeases(
  { pool }: Database,
  workerId: WorkerId,
  fences: readonly Fence[],
  leaseMs: number,
): Promise<HeldLease[]> {
  const { rows } = await pool.query<HeldRow>(
    `UPDATE job SET lease_expires_at = now() + $2 * interval '1 millisecond'
     WHERE worker_id = $1 AND lease_expires_at > now()
       AND (id, lease) IN (SELECT * FROM unnest($3::uuid[], $4::integer[]))
     RETURNING id, lease, state`,
    [
      uuidOf('worker', workerId),
      leaseMs,
      fences.map(({ jobId }) => uuidOf('job', jobId)),
      fences.map(({ lease }) => lease),
    ],
  );
  return rows.map(heldLease);
}

function heldLease(row: HeldRow): HeldLease {
  return {
    jobId: idFromUuid('job', row.id),
    lease: row.lease,
    cancelRequested: jobStateOf(row.state) === 'cancelling',
  };
}

/** What a worker has learnt since its last report. */
export interface Report {
  /** Counts from 1 in each attempt; a report that is stored already is not stored again. */
  readonly number: number;
  readonly progress: JobProgress | undefined;
  readonly events: readonly NewJobEvent[];
  readonly metrics: readonly MetricChunk[];
  /** Computing time of this attempt so far. */
  readonly computeMs: number;
}

export async function writeReport({ pool }: Database, fence: Fence, report: Report): Promise<Written> {
  return fenced(pool, fence, async (client, jobUuid) => {
    const { rowCount } = await client.query(
      `UPDATE attempt SET report_number = $3, compute_ms = $4
       WHERE job_id = $1 AND lease = $2 AND report_number < $3`,
      [jobUuid, fence.lease, report.number, Math.round(report.computeMs)],
    );
    if (rowCount === 0) return;
    for (const chunk of report.metrics) await writeMetricChunk(client, jobUuid, fence.lease, chunk);
    for (const event of report.events) await appendEvent(client, jobUuid, event);
    if (report.progress !== undefined) {
      await client.query('UPDATE job SET progress = $2, revision = revision + 1 WHERE id = $1', [
        jobUuid,
        JSON.stringify(report.progress),
      ]);
    }
  });
}

export interface NewCheckpoint {
  /** Made once by the caller, so that a repeated save is one checkpoint. */
  readonly id: CheckpointId;
  readonly epoch: number;
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly file: Uint8Array;
}

export interface StoredCheckpoint {
  readonly id: CheckpointId;
  readonly sha256: string;
}

/** Stores a checkpoint and its event. A new checkpoint is progress, so the count of lost attempts starts again. */
export async function saveCheckpoint(
  { pool }: Database,
  fence: Fence,
  checkpoint: NewCheckpoint,
): Promise<Written<StoredCheckpoint>> {
  // Outside the fenced transaction: a large file must not hold the job's row. An orphan costs space, nothing else.
  const blob = await putBlob(pool, checkpoint.file);
  const { id } = checkpoint;
  const sha256 = blob.sha256.toString('hex');
  return fenced(pool, fence, async (client, jobUuid) => {
    const inserted = await client.query(
      `INSERT INTO checkpoint (id, job_id, lease, epoch, step, metrics, sha256, size_bytes)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING`,
      [
        uuidOf('checkpoint', id),
        jobUuid,
        fence.lease,
        checkpoint.epoch,
        checkpoint.step,
        JSON.stringify(checkpoint.metrics),
        blob.sha256,
        blob.sizeBytes,
      ],
    );
    if (inserted.rowCount === 0) return { id, sha256 };
    await referenceBlob(client, blob.sha256);
    await client.query('UPDATE job SET lost_attempts = 0 WHERE id = $1', [jobUuid]);
    await appendEvent(client, jobUuid, {
      type: 'job.checkpoint',
      data: {
        checkpoint_id: id,
        epoch: checkpoint.epoch,
        step: checkpoint.step,
        size_bytes: blob.sizeBytes,
        sha256,
      },
    });
    return { id, sha256 };
  });
}

export type Ending =
  | {
      readonly kind: 'succeeded';
      readonly result: Omit<JobResult, 'train_seconds' | 'images_per_second'>;
      readonly images: number;
    }
  | { readonly kind: 'failed'; readonly failure: JobFailure }
  | { readonly kind: 'cancelled' }
  /** The worker shuts down; the job is queued again, and no attempt is counted as lost. */
  | { readonly kind: 'handed-back' };

/** Ends this attempt. */
export async function endAttempt({ pool }: Database, fence: Fence, ending: Ending): Promise<Written> {
  return fenced(pool, fence, async (client, jobUuid) => {
    await client.query('UPDATE attempt SET ended_at = now() WHERE job_id = $1 AND lease = $2', [jobUuid, fence.lease]);
    const move = { jobUuid, lease: fence.lease };
    switch (ending.kind) {
      case 'succeeded': {
        const { rows } = await client.query<{ total_ms: string }>(
          'SELECT coalesce(sum(compute_ms), 0) AS total_ms FROM attempt WHERE job_id = $1',
          [jobUuid],
        );
        const seconds = Number(rows[0]?.total_ms ?? 0) / 1_000;
        const result: JobResult = {
          ...ending.result,
          train_seconds: seconds,
          images_per_second: seconds > 0 ? ending.images / seconds : 0,
        };
        return mustMove(await moveJob(client, { ...move, to: 'succeeded', reason: null, result }));
      }
      case 'failed':
        return mustMove(
          await moveJob(client, { ...move, to: 'failed', reason: ending.failure.code, failure: ending.failure }),
        );
      case 'cancelled':
        return mustMove(await moveJob(client, { ...move, to: 'cancelled', reason: 'cancel_requested' }));
      case 'handed-back': {
        // A cancel that came in the meantime is carried out here: nobody else would look at this job again.
        const queued = await moveJob(client, { ...move, to: 'queued', reason: 'handed_back' });
        if (queued !== undefined) return;
        return mustMove(await moveJob(client, { ...move, to: 'cancelled', reason: 'cancel_requested' }));
      }
      default:
        ending satisfies never;
    }
  });
}

/** The fence holds the row in a state from which this move is legal; anything else is a bug. */
function mustMove(lease: number | undefined): void {
  if (lease === undefined) throw new Error('an attempt could not be ended from the state its job is in');
}

/** Gives back a lease that nobody has claimed: the worker it was delivered to takes no more jobs. */
export async function returnUnclaimed({ pool }: Database, { jobId, lease }: Fence): Promise<void> {
  const jobUuid = uuidOf('job', jobId);
  await inTransaction(pool, async (client) => {
    const unclaimed = await client.query(
      'SELECT 1 FROM job WHERE id = $1 AND lease = $2 AND worker_id IS NULL FOR UPDATE',
      [jobUuid, lease],
    );
    if (unclaimed.rowCount === 0) return;
    await moveJob(client, { jobUuid, to: 'queued', from: ['starting'], lease, reason: 'handed_back' });
  });
}

/** Runs `write` while the job's row is held and the lease is the current one. */
async function fenced<Value>(
  pool: pg.Pool,
  { jobId, lease }: Fence,
  write: (client: pg.PoolClient, jobUuid: string) => Promise<Value>,
): Promise<Written<Value>> {
  const jobUuid = uuidOf('job', jobId);
  return inTransaction(pool, async (client) => {
    const held = await client.query('SELECT 1 FROM job WHERE id = $1 AND lease = $2 AND state = ANY($3) FOR UPDATE', [
      jobUuid,
      lease,
      LEASED_STATES,
    ]);
    if (held.rowCount === 0) return { kind: 'lease-lost' };
    return { kind: 'written', value: await write(client, jobUuid) };
  });
}
