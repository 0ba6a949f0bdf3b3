/** Datasets in shared memory, loaded once per worker however many jobs train on them, and dropped when none does. */
import { type Database, type DatasetFiles, loadDataset } from '@settle/store';

export interface DatasetCache {
  /** Loads or shares; `release` when the job has ended. Rejects when the dataset is gone or the database is away. */
  acquire(projectUuid: string, name: string): Promise<DatasetFiles>;
  release(projectUuid: string, name: string): void;
}

interface Entry {
  readonly files: Promise<DatasetFiles>;
  users: number;
}

export function datasetCache(database: Database): DatasetCache {
  const entries = new Map<string, Entry>();
  const keyOf = (projectUuid: string, name: string) => `${projectUuid} ${name}`;
  const release = (key: string) => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entry.users--;
    if (entry.users === 0) entries.delete(key);
  };
  return {
    async acquire(projectUuid, name) {
      const key = keyOf(projectUuid, name);
      const entry = entries.get(key) ?? { files: loadDataset(database, projectUuid, name), users: 0 };
      entry.users++;
      entries.set(key, entry);
      try {
        return await entry.files;
      } catch (error) {
        release(key);
        throw error;
      }
    },
    release: (projectUuid, name) => release(keyOf(projectUuid, name)),
  };
}
