/** Datasets in shared memory, loaded once per worker however many jobs train on them, and dropped when none does. */
import { type Database, type DatasetBlobs, type DatasetFiles, loadDataset } from '@settle/store';

export interface DatasetCache {
  /** Loads or shares; `release` when the job has ended. Rejects when the database is away. */
  acquire(blobs: DatasetBlobs): Promise<DatasetFiles>;
  release(blobs: DatasetBlobs): void;
}

interface Entry {
  readonly files: Promise<DatasetFiles>;
  users: number;
}

export function datasetCache(database: Database): DatasetCache {
  const entries = new Map<string, Entry>();
  const release = (blobs: DatasetBlobs) => {
    const entry = entries.get(contentOf(blobs));
    if (entry === undefined) return;
    entry.users--;
    if (entry.users === 0) entries.delete(contentOf(blobs));
  };
  return {
    async acquire(blobs) {
      const entry = entries.get(contentOf(blobs)) ?? { files: loadDataset(database, blobs), users: 0 };
      entry.users++;
      entries.set(contentOf(blobs), entry);
      try {
        return await entry.files;
      } catch (error) {
        release(blobs);
        throw error;
      }
    },
    release,
  };
}

/** Equal for equal bytes, whatever project and name led to them. */
function contentOf({ trainImages, trainLabels, testImages, testLabels }: DatasetBlobs): string {
  return [trainImages, trainLabels, testImages, testLabels]
    .map((sha256) => Buffer.from(sha256).toString('hex'))
    .join(' ');
}
