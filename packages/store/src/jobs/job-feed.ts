/** What is new about jobs: for event streams, long polls and whoever watches. */
import {
  idFromUuid,
  isTerminal,
  type JobEvent,
  type JobEventList,
  type JobId,
  type JobProgress,
} from '@settle/contracts';
import type { Database } from '../database.ts';
import type { Tenant } from '../tenants/api-keys.ts';
import { uuidOf } from '../uuid-of.ts';
import { jobStateOf } from './job-view.ts';

const MAXIMUM_EVENTS = 500;

export interface JobFeed extends JobEventList {
  readonly revision: number;
  /** More events are there than one answer holds. */
  readonly hasMore: boolean;
}

/** Events after number `after` and the latest progress; undefined when the project has no such job. */
export async function readJobFeed(
  { pool }: Database,
  tenant: Tenant,
  jobId: JobId,
  after: number,
): Promise<JobFeed | undefined> {
  const jobUuid = uuidOf('job', jobId);
  // The job first: an event that is added between the two reads has a number beyond its count, and comes with the next call.
  const { rows: jobs } = await pool.query<{
    revision: number;
    state: string;
    event_count: number;
    progress: JobProgress | null;
  }>('SELECT revision, state, event_count, progress FROM job WHERE id = $1 AND project_id = $2', [
    jobUuid,
    uuidOf('project', tenant.projectId),
  ]);
  const [job] = jobs;
  if (job === undefined) return undefined;
  const { rows } = await pool.query<{ number: number; type: string; data: unknown; at: Date }>(
    `SELECT number, type, data, at FROM job_event WHERE job_id = $1 AND number > $2 AND number <= $3
     ORDER BY number LIMIT $4`,
    [jobUuid, after, job.event_count, MAXIMUM_EVENTS],
  );
  const data = rows.map((row) =>
    // The parser of this border: events are written by the typed functions of this folder alone.
    storedEvent({ id: row.number, type: row.type, job: jobId, at: row.at.toISOString(), data: row.data }),
  );
  const last = data.at(-1)?.id ?? after;
  return {
    data,
    last_event_id: last,
    is_terminal: isTerminal(jobStateOf(job.state)) && last >= job.event_count,
    progress: job.progress,
    revision: job.revision,
    hasMore: last < job.event_count,
  };
}

/** The current revision of each of these jobs that exists; whoever watches compares it with the one it has seen. */
export async function readRevisions({ pool }: Database, jobIds: readonly JobId[]): Promise<Map<JobId, number>> {
  const { rows } = await pool.query<{ id: string; revision: number }>(
    'SELECT id, revision FROM job WHERE id = ANY($1)',
    [jobIds.map((id) => uuidOf('job', id))],
  );
  return new Map(rows.map((row) => [idFromUuid('job', row.id), row.revision]));
}

function storedEvent(event: unknown): JobEvent {
  return event as JobEvent;
}
