/** Brings a database to where the service can start: migrations, the queue's tables, built-in datasets. May be repeated. */
import { prepareQueue, type QueueConfig } from '@settle/queue';
import { migrate, openDatabase } from '@settle/store';
import { seedBuiltInDatasets } from './built-in-datasets.ts';

/** Returns the names of the migrations that were applied now. */
export async function prepareDatabase(databaseUrl: string, queue: QueueConfig): Promise<string[]> {
  const applied = await migrate(databaseUrl);
  await prepareQueue(queue);
  const database = openDatabase({ connectionString: databaseUrl, maximumConnections: 2, onError: () => {} });
  try {
    await seedBuiltInDatasets(database);
  } finally {
    await database.close();
  }
  return applied;
}
