/** The API process: environment, start, graceful end. */
import process from 'node:process';
import { openProducer, prepareQueue, queueConfig } from '@settle/queue';
import { openDatabase } from '@settle/store';
import { buildApp } from './app.ts';
import { startDispatcher } from './dispatch/dispatcher.ts';
import { readApiEnvironment } from './environment.ts';
import { watchJobs } from './events/job-watcher.ts';

const GRACE_MS = 10_000;
const DRAIN_MS = 5_000;

const environment = readApiEnvironment(process.env);
const queue = queueConfig(environment.QUEUE_URL, environment.DATABASE_URL);
await prepareQueue(queue);

const { app, services } = await buildApp(environment.LOG_LEVEL, ({ log }) => {
  const database = openDatabase({
    connectionString: environment.DATABASE_URL,
    onError: (error) => log.error({ event: 'database_connection_lost', err: error }, 'a database connection broke'),
  });
  const producer = openProducer(queue, {
    onError: (error) => log.error({ event: 'queue_connection_lost', err: error }, 'the queue reports an error'),
  });
  return {
    database,
    producer,
    dispatcher: startDispatcher({ database, producer, leaseMs: environment.LEASE_MS, log }),
    watcher: watchJobs(database, (error) => log.error({ event: 'watch_failed', err: error }, 'watching jobs failed')),
  };
});

let closing = false;
async function close(reason: string): Promise<void> {
  if (closing) return;
  closing = true;
  app.log.info({ event: 'api_closing', reason }, 'closing');
  setTimeout(() => process.exit(1), GRACE_MS).unref();
  // What is under way may end; what is still open after a while is cut.
  setTimeout(() => app.server.closeAllConnections(), DRAIN_MS).unref();
  await app.close();
  await services.dispatcher.close();
  await services.producer.close();
  await services.database.close();
  process.exit(0);
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void close(signal));
// A launcher holds the other end: when it dies, even by SIGKILL, its children end too.
process.on('disconnect', () => void close('launcher gone'));

const address = await app.listen({ host: environment.HOST, port: environment.PORT });
process.send?.({ kind: 'listening', address });
