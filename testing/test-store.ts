/** The store on a database of the test's own, with a project to work for. */
import {
  authenticate,
  createApiKey,
  type Database,
  ensureBuiltInDataset,
  ensureProject,
  migrate,
  openDatabase,
  type Tenant,
} from '@settle/store';
import { createScratchDatabase } from './scratch-database.ts';
import { tinyDataset } from './tiny-dataset.ts';

export interface TestStore {
  readonly database: Database;
  readonly tenant: Tenant;
  close(): Promise<void>;
}

export async function startTestStore(): Promise<TestStore> {
  const scratch = await createScratchDatabase();
  await migrate(scratch.connectionString);
  const database = openDatabase({ connectionString: scratch.connectionString, onError: () => {} });
  await ensureBuiltInDataset(database, tinyDataset());
  const { key } = await createApiKey(database, await ensureProject(database, 'lab', 'tests'), 'test');
  const tenant = await authenticate(database, key);
  if (tenant === undefined) throw new Error('a fresh key does not work');
  return {
    database,
    tenant,
    async close() {
      await database.close();
      await scratch.drop();
    },
  };
}
