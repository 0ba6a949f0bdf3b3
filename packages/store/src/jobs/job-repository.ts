/** Jobs as a project sees them: submit, read, list, ask to cancel. A foreign job answers exactly as a missing one. */
import { type Job, type JobId, type JobList, type JobSpec, newId, uuidFromId } from '@settle/contracts';
import { type Database, inTransaction } from '../database.ts';
import type { Tenant } from '../tenants/api-keys.ts';
import { uuidOf } from '../uuid-of.ts';
import { jobStateOf, jobView } from './job-view.ts';
import { insertEvent, moveJob } from './move-job.ts';

/** Stores a job as queued, with its first event, in one transaction. */
export async function submitJob(database: Database, tenant: Tenant, spec: JobSpec): Promise<Job> {
  const id = newId('job');
  const uuid = uuidOf('job', id);
  await inTransaction(database.pool, async (client) => {
    await client.query(
      `INSERT INTO job (id, project_id, name, recipe, spec, state, max_attempts, event_count)
       VALUES ($1, $2, $3, $4, $5, 'queued', $6, 1)`,
      [
        uuid,
        uuidOf('project', tenant.projectId),
        spec.name ?? null,
        spec.recipe,
        JSON.stringify(spec),
        spec.limits.max_attempts,
      ],
    );
    await insertEvent(client, uuid, 1, {
      type: 'job.status',
      data: { status: 'queued', reason: 'submitted', is_terminal: false, attempt: 0, result: null, failure: null },
    });
  });
  const job = await getJob(database, tenant, id);
  if (job === undefined) throw new Error('a job that was just stored is gone');
  return job;
}

export async function getJob({ prisma }: Database, tenant: Tenant, id: JobId): Promise<Job | undefined> {
  const row = await prisma.job.findFirst({
    where: { id: uuidOf('job', id), projectId: uuidOf('project', tenant.projectId) },
  });
  return row === null ? undefined : jobView(row);
}

export interface JobListQuery {
  readonly limit: number;
  /** `next_cursor` of the page before. */
  readonly after: string | undefined;
}

/** Newest first. Ids are time-sorted, so the cursor is the last id; undefined when the cursor is not one. */
export async function listJobs(
  { prisma }: Database,
  tenant: Tenant,
  { limit, after }: JobListQuery,
): Promise<JobList | undefined> {
  const afterUuid = after === undefined ? undefined : uuidFromId('job', after);
  if (after !== undefined && afterUuid === undefined) return undefined;
  const rows = await prisma.job.findMany({
    where: {
      projectId: uuidOf('project', tenant.projectId),
      ...(afterUuid === undefined ? {} : { id: { lt: afterUuid } }),
    },
    orderBy: { id: 'desc' },
    take: limit + 1,
  });
  const data = rows.slice(0, limit).map(jobView);
  const hasMore = rows.length > limit;
  return { data, has_more: hasMore, next_cursor: hasMore ? (data.at(-1)?.id ?? null) : null };
}

export type CancelRequest =
  | { readonly kind: 'accepted'; readonly job: Job }
  | { readonly kind: 'already-finished'; readonly job: Job }
  | { readonly kind: 'not-found' };

/**
 * Asks for a job to be cancelled. One that no worker holds is cancelled at once; otherwise the request is recorded, and
 * the worker that holds it finds it within its control interval. Asking again changes nothing.
 */
export async function requestCancel(database: Database, tenant: Tenant, id: JobId): Promise<CancelRequest> {
  const jobUuid = uuidOf('job', id);
  const found = await inTransaction(database.pool, async (client) => {
    const { rows } = await client.query<{ state: string }>(
      'SELECT state FROM job WHERE id = $1 AND project_id = $2 FOR UPDATE',
      [jobUuid, uuidOf('project', tenant.projectId)],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    const reason = 'cancel_requested';
    switch (jobStateOf(row.state)) {
      case 'queued':
        await moveJob(client, { jobUuid, to: 'cancelled', reason });
        break;
      case 'starting':
      case 'running':
        await client.query('UPDATE job SET cancel_requested_at = now() WHERE id = $1', [jobUuid]);
        await moveJob(client, { jobUuid, to: 'cancelling', reason });
        break;
      case 'cancelling':
        break;
      case 'succeeded':
      case 'failed':
      case 'cancelled':
        return 'already-finished' as const;
    }
    return 'accepted' as const;
  });
  if (found === undefined) return { kind: 'not-found' };
  const job = await getJob(database, tenant, id);
  return job === undefined ? { kind: 'not-found' } : { kind: found, job };
}
