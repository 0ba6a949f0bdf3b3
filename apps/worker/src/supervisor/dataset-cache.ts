/** Datasets in shared memory, loaded and listed once per worker however many jobs train on them, and dropped when none does. */
import type { DatasetBlobs, DatasetFiles } from '@settle/store';
import type { DatasetLists } from '../trainer/dataset-lists.ts';

/** All of it lies in shared memory: what is handed to a trainer thread is not copied. */
export interface SharedDataset {
  readonly files: DatasetFiles;
  readonly lists: DatasetLists;
}

export interface DatasetCache {
  /** Loads or shares; `release` when the job has ended. Rejects when the database is away. */
  acquire(blobs: DatasetBlobs): Promise<SharedDataset>;
  release(blobs: DatasetBlobs): void;
}

interface Entry {
  readonly dataset: Promise<SharedDataset>;
  users: number;
}

export interface DatasetSource {
  load(blobs: DatasetBlobs): Promise<DatasetFiles>;
  list(files: DatasetFiles): Promise<DatasetLists>;
}

export function datasetCache({ load, list }: DatasetSource): DatasetCache {
  const entries = new Map<string, Entry>();
  const begin = async (blobs: DatasetBlobs): Promise<SharedDataset> => {
    const files = await load(blobs);
    return { files, lists: await list(files) };
  };
  const release = (blobs: DatasetBlobs) => {
    const entry = entries.get(contentOf(blobs));
    if (entry === undefined) return;
    entry.users--;
    if (entry.users === 0) entries.delete(contentOf(blobs));
  };
  return {
    async acquire(blobs) {
      const entry = entries.get(contentOf(blobs)) ?? { dataset: begin(blobs), users: 0 };
      entry.users++;
      entries.set(contentOf(blobs), entry);
      try {
        return await entry.dataset;
      } catch (error) {
        release(blobs);
        throw error;
      }
    },
    release,
  };
}

/** Equal for equal bytes that mean the same, whatever project and name led to them. */
function contentOf({ classes, trainImages, trainLabels, testImages, testLabels }: DatasetBlobs): string {
  const digests = [trainImages, trainLabels, testImages, testLabels];
  return [classes, ...digests.map((sha256) => Buffer.from(sha256).toString('hex'))].join(' ');
}
