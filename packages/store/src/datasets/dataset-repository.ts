/** Datasets: named pairs of images and labels in the blob store, of one project or of all. */
import { createHash } from 'node:crypto';
import { type Dataset, type DatasetShape, idFromUuid, newId, type ProjectId } from '@settle/contracts';
import type pg from 'pg';
import { loadBlob, putBlob, referenceBlob } from '../blobs/blob-store.ts';
import { type Database, inTransaction } from '../database.ts';
import type { Dataset as DatasetRow } from '../generated/prisma/client.ts';
import type { Tenant } from '../tenants/api-keys.ts';
import { uuidOf } from '../uuid-of.ts';

/** What a worker loads: four IDX files in shared memory. */
export interface DatasetFiles {
  readonly name: string;
  readonly classes: number;
  readonly trainImages: Uint8Array<SharedArrayBuffer>;
  readonly trainLabels: Uint8Array<SharedArrayBuffer>;
  readonly testImages: Uint8Array<SharedArrayBuffer>;
  readonly testLabels: Uint8Array<SharedArrayBuffer>;
}

export interface NewDataset extends DatasetShape {
  readonly trainImages: Uint8Array;
  readonly trainLabels: Uint8Array;
  readonly testImages: Uint8Array;
  readonly testLabels: Uint8Array;
}

/** Stores a dataset that every project may read, unless one of this name is there. The files are IDX. */
export async function ensureBuiltInDataset({ prisma, pool }: Database, dataset: NewDataset): Promise<void> {
  const existing = await prisma.dataset.findFirst({ where: { projectId: null, name: dataset.name } });
  if (existing !== null) return;
  const digests = await putFiles(pool, dataset);
  await inTransaction(pool, (client) => insertDataset(client, null, dataset, digests));
}

export type StoredDataset =
  | { readonly kind: 'stored' }
  /** The project has this very dataset by this name: the same bytes, the same number of classes. */
  | { readonly kind: 'already-there' }
  /** The project has another dataset by this name. Jobs point at names, so a dataset is never replaced. */
  | { readonly kind: 'name-taken' };

/** Stores a dataset that only this project may read; it may bear the name of a built-in one and then goes before it. */
export async function storeDataset(
  { prisma, pool }: Database,
  projectId: ProjectId,
  dataset: NewDataset,
): Promise<StoredDataset> {
  const projectUuid = uuidOf('project', projectId);
  const existing = () => prisma.dataset.findFirst({ where: { projectId: projectUuid, name: dataset.name } });
  const before = await existing();
  // Before any file is put, so that a refused dataset leaves no blobs behind.
  if (before !== null) return comparedTo(before, dataset, filesOf(dataset).map(sha256));
  const digests = await putFiles(pool, dataset);
  const inserted = await inTransaction(pool, (client) => insertDataset(client, projectUuid, dataset, digests));
  if (inserted) return { kind: 'stored' };
  // Another writer was faster.
  const after = await existing();
  if (after === null) throw new Error(`dataset ${dataset.name} was there and is gone`);
  return comparedTo(after, dataset, digests);
}

function comparedTo(row: DatasetRow, { classes }: NewDataset, digests: readonly Buffer[]): StoredDataset {
  const stored = [row.trainImagesSha256, row.trainLabelsSha256, row.testImagesSha256, row.testLabelsSha256];
  const same = row.classes === classes && Buffer.concat(stored).equals(Buffer.concat(digests));
  return { kind: same ? 'already-there' : 'name-taken' };
}

/** Returns the digests of the files, in the order of the columns. */
async function putFiles(pool: pg.Pool, dataset: NewDataset): Promise<readonly Buffer[]> {
  const digests: Buffer[] = [];
  for (const file of filesOf(dataset)) digests.push((await putBlob(pool, file)).sha256);
  return digests;
}

/** Points a name at blobs that are stored already; false when the project, or all of them, has one of this name. */
async function insertDataset(
  client: pg.ClientBase,
  projectUuid: string | null,
  dataset: NewDataset,
  digests: readonly Buffer[],
): Promise<boolean> {
  const inserted = await client.query(
    `INSERT INTO dataset (id, project_id, name, features, classes, train_samples, test_samples,
       train_images_sha256, train_labels_sha256, test_images_sha256, test_labels_sha256)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING 1`,
    [
      uuidOf('dataset', newId('dataset')),
      projectUuid,
      dataset.name,
      dataset.features,
      dataset.classes,
      dataset.trainSamples,
      dataset.testSamples,
      ...digests,
    ],
  );
  if (inserted.rowCount === 0) return false;
  for (const digest of digests) await referenceBlob(client, digest);
  return true;
}

/** In the order of the columns. */
function filesOf(dataset: NewDataset): readonly Uint8Array[] {
  return [dataset.trainImages, dataset.trainLabels, dataset.testImages, dataset.testLabels];
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** The datasets that a project sees, its own first. */
export async function listDatasets({ prisma }: Database, tenant: Tenant): Promise<Dataset[]> {
  const projectId = uuidOf('project', tenant.projectId);
  const rows = await prisma.dataset.findMany({
    where: { OR: [{ projectId }, { projectId: null }] },
    orderBy: [{ projectId: { sort: 'asc', nulls: 'last' } }, { name: 'asc' }],
  });
  return rows.map((row) => ({
    id: idFromUuid('dataset', row.id),
    object: 'dataset',
    name: row.name,
    built_in: row.projectId === null,
    features: row.features,
    classes: row.classes,
    train_samples: row.trainSamples,
    test_samples: row.testSamples,
    created_at: row.createdAt.toISOString(),
  }));
}

/** The shape of the dataset that this name means to a project; its own goes before a built-in one. */
export async function findDataset(database: Database, tenant: Tenant, name: string): Promise<DatasetShape | undefined> {
  return rowNamed(database, uuidOf('project', tenant.projectId), name);
}

/** Which blobs a dataset is made of; two names for the same blobs are the same data. */
export interface DatasetBlobs {
  readonly name: string;
  readonly classes: number;
  readonly trainImages: Uint8Array;
  readonly trainLabels: Uint8Array;
  readonly testImages: Uint8Array;
  readonly testLabels: Uint8Array;
}

/** The blobs of a job's dataset; undefined when it is gone. */
export async function findDatasetBlobs(
  database: Database,
  projectUuid: string,
  name: string,
): Promise<DatasetBlobs | undefined> {
  const row = await rowNamed(database, projectUuid, name);
  if (row === undefined) return undefined;
  return {
    name,
    classes: row.classes,
    trainImages: row.trainImagesSha256,
    trainLabels: row.trainLabelsSha256,
    testImages: row.testImagesSha256,
    testLabels: row.testLabelsSha256,
  };
}

export async function loadDataset({ pool }: Database, blobs: DatasetBlobs): Promise<DatasetFiles> {
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all([
    loadBlob(pool, blobs.trainImages),
    loadBlob(pool, blobs.trainLabels),
    loadBlob(pool, blobs.testImages),
    loadBlob(pool, blobs.testLabels),
  ]);
  return { name: blobs.name, classes: blobs.classes, trainImages, trainLabels, testImages, testLabels };
}

async function rowNamed({ prisma }: Database, projectId: string, name: string): Promise<DatasetRow | undefined> {
  // Postgres keeps no NUL in text; a name with one cannot exist.
  if (name.includes('\u0000')) return undefined;
  const rows = await prisma.dataset.findMany({
    where: { name, OR: [{ projectId }, { projectId: null }] },
    orderBy: { projectId: { sort: 'asc', nulls: 'last' } },
    take: 1,
  });
  return rows[0];
}
