/** The worker process: environment, start, graceful end. */
import process from 'node:process';
import { REDACTED_LOG_PATHS } from '@settle/contracts';
import { prepareQueue, queueConfig } from '@settle/queue';
import { openDatabase } from '@settle/store';
import pino from 'pino';
import { readWorkerEnvironment } from './environment.ts';
import { startSupervisor } from './supervisor/supervisor.ts';

const GRACE_MS = 25_000;

const environment = readWorkerEnvironment(process.env);
const log = pino({ level: environment.LOG_LEVEL, redact: [...REDACTED_LOG_PATHS] });
const queue = queueConfig(environment.QUEUE_URL, environment.DATABASE_URL);
await prepareQueue(queue);
const database = openDatabase({
  connectionString: environment.DATABASE_URL,
  onError: (error) => log.error({ event: 'database_connection_lost', err: error }, 'a database connection broke'),
});
const supervisor = await startSupervisor({
  database,
  queue,
  slots: environment.SLOTS,
  leaseMs: environment.LEASE_MS,
  log,
});

let closing = false;
async function close(reason: string): Promise<void> {
  if (closing) return;
  closing = true;
  log.info({ event: 'worker_closing', reason }, 'handing jobs back');
  setTimeout(() => process.exit(1), GRACE_MS).unref();
  await supervisor.close();
  await database.close();
  process.exit(0);
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void close(signal));
// A launcher holds the other end: when it dies, even by SIGKILL, its children end too.
process.on('disconnect', () => void close('launcher gone'));
process.send?.({ kind: 'ready' });
