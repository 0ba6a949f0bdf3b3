/** Datasets: named pairs of images and labels in the blob store, of one project or of all. */
import { type Dataset, type DatasetShape, idFromUuid, newId } from '@settle/contracts';
import { type BlobInfo, loadBlob, putBlob, referenceBlob } from '../blobs/blob-store.ts';
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
  const files = [dataset.trainImages, dataset.trainLabels, dataset.testImages, dataset.testLabels];
  const blobs: BlobInfo[] = [];
  for (const file of files) blobs.push(await putBlob(pool, file));
  await inTransaction(pool, async (client) => {
    const inserted = await client.query(
      `INSERT INTO dataset (id, project_id, name, features, classes, train_samples, test_samples,
         train_images_sha256, train_labels_sha256, test_images_sha256, test_labels_sha256)
       VALUES ($1, NULL, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING 1`,
      [
        uuidOf('dataset', newId('dataset')),
        dataset.name,
        dataset.features,
        dataset.classes,
        dataset.trainSamples,
        dataset.testSamples,
        ...blobs.map((blob) => blob.sha256),
      ],
    );
    if (inserted.rowCount === 0) return;
    for (const blob of blobs) await referenceBlob(client, blob.sha256);
  });
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
