/** Checkpoints as a project sees them. */
import { type Checkpoint, type CheckpointId, idFromUuid, type JobId } from '@settle/contracts';
import { readBlob } from '../blobs/blob-store.ts';
import type { Database } from '../database.ts';
import type { Checkpoint as CheckpointRow } from '../generated/prisma/client.ts';
import type { Tenant } from '../tenants/api-keys.ts';
import { uuidOf } from '../uuid-of.ts';

/** Oldest first; undefined when the project has no such job. */
export async function listCheckpoints(
  { prisma }: Database,
  tenant: Tenant,
  jobId: JobId,
): Promise<Checkpoint[] | undefined> {
  const job = await prisma.job.findFirst({
    where: { id: uuidOf('job', jobId), projectId: uuidOf('project', tenant.projectId) },
    select: { checkpoints: { orderBy: [{ step: 'asc' }, { id: 'asc' }] } },
  });
  return job?.checkpoints.map(checkpointView);
}

export interface CheckpointContent {
  readonly checkpoint: Checkpoint;
  /** Bytes `begin` (inclusive) to `end` (exclusive) of the file. */
  read(begin: number, end: number): AsyncGenerator<Buffer, void>;
}

export async function openCheckpoint(
  { prisma, pool }: Database,
  tenant: Tenant,
  id: CheckpointId,
): Promise<CheckpointContent | undefined> {
  const row = await prisma.checkpoint.findFirst({
    where: { id: uuidOf('checkpoint', id), job: { projectId: uuidOf('project', tenant.projectId) } },
  });
  if (row === null) return undefined;
  return { checkpoint: checkpointView(row), read: (begin, end) => readBlob(pool, row.sha256, begin, end) };
}

function checkpointView(row: CheckpointRow): Checkpoint {
  return {
    id: idFromUuid('checkpoint', row.id),
    object: 'checkpoint',
    job: idFromUuid('job', row.jobId),
    attempt: row.lease,
    epoch: row.epoch,
    step: row.step,
    metrics: numbersOf(row.metrics),
    format: 'safetensors',
    size_bytes: row.sizeBytes,
    sha256: Buffer.from(row.sha256).toString('hex'),
    created_at: row.createdAt.toISOString(),
  };
}

function numbersOf(json: CheckpointRow['metrics']): Record<string, number> {
  if (typeof json !== 'object' || json === null) return {};
  const entries = Object.entries(json).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  return Object.fromEntries(entries);
}
