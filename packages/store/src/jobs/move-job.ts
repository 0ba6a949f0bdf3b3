/**
 * The only way a job changes state: one guarded statement by the table in contracts/job-lifecycle.ts, and its event in the
 * same transaction. A move that is not legal, or whose lease is not the current one, changes nothing.
 */
import {
  isTerminal,
  type JobFailure,
  type JobResult,
  type JobState,
  LEASED_STATES,
  type NewJobEvent,
  statesBefore,
} from '@settle/contracts';
import type pg from 'pg';

export interface JobMove {
  readonly jobUuid: string;
  readonly to: JobState;
  /** Only from these of the states that the table allows; all of them when absent. */
  readonly from?: readonly JobState[];
  /** Only while this is the current lease. */
  readonly lease?: number;
  readonly reason: string | null;
  readonly result?: JobResult;
  readonly failure?: JobFailure;
  /** Gives the job its next lease number, held by nobody yet, for this long. */
  readonly nextLeaseMs?: number;
}

interface MovedRow {
  readonly lease: number;
  readonly event_count: number;
  readonly at: Date;
}

/** Returns the job's lease after the move, or undefined when it could not be made. */
export async function moveJob(client: pg.ClientBase, move: JobMove): Promise<number | undefined> {
  const from = statesBefore(move.to).filter((state) => move.from?.includes(state) ?? true);
  const leased = LEASED_STATES.some((state) => state === move.to);
  const { rows } = await client.query<MovedRow>(
    `UPDATE job SET
       state = $2,
       state_reason = $3,
       revision = revision + 1,
       event_count = event_count + 1,
       lease = CASE WHEN $4::integer IS NULL THEN lease ELSE lease + 1 END,
       lease_expires_at = CASE
         WHEN NOT $5 THEN NULL
         WHEN $4::integer IS NULL THEN lease_expires_at
         ELSE now() + $4 * interval '1 millisecond'
       END,
       worker_id = CASE WHEN $5 THEN worker_id END,
       queued_at = CASE WHEN $2 = 'queued' THEN now() ELSE queued_at END,
       started_at = CASE WHEN $2 = 'running' THEN coalesce(started_at, now()) ELSE started_at END,
       finished_at = CASE WHEN $6 THEN now() END,
       result = coalesce($7::jsonb, result),
       failure = coalesce($8::jsonb, failure)
     WHERE id = $1 AND state = ANY($9) AND ($10::integer IS NULL OR lease = $10)
     RETURNING lease, event_count, now() AS at`,
    [
      move.jobUuid,
      move.to,
      move.reason,
      move.nextLeaseMs ?? null,
      leased,
      isTerminal(move.to),
      move.result === undefined ? null : JSON.stringify(move.result),
      move.failure === undefined ? null : JSON.stringify(move.failure),
      from,
      move.lease ?? null,
    ],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  await insertEvent(client, move.jobUuid, row.event_count, {
    type: 'job.status',
    data: {
      status: move.to,
      reason: move.reason,
      is_terminal: isTerminal(move.to),
      attempt: row.lease,
      result: move.result ?? null,
      failure: move.failure ?? null,
    },
  });
  return row.lease;
}

/** Appends an event to a job whose row the caller's transaction has locked or is about to lock by this very update. */
export async function appendEvent(client: pg.ClientBase, jobUuid: string, event: NewJobEvent): Promise<void> {
  const { rows } = await client.query<{ event_count: number }>(
    'UPDATE job SET event_count = event_count + 1, revision = revision + 1 WHERE id = $1 RETURNING event_count',
    [jobUuid],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('an event was reported for a job that does not exist');
  await insertEvent(client, jobUuid, row.event_count, event);
}

export async function insertEvent(
  client: pg.ClientBase,
  jobUuid: string,
  number: number,
  event: NewJobEvent,
): Promise<void> {
  await client.query('INSERT INTO job_event (job_id, number, type, data) VALUES ($1, $2, $3, $4)', [
    jobUuid,
    number,
    event.type,
    JSON.stringify(event.data),
  ]);
}
