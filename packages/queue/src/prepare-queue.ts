/** Is the store fit to carry deliveries? To be asked once by every process before it opens a producer or a consumer. */
import { runMigrations } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { plainError } from './plain-error.ts';
import type { QueueConfig } from './queue-config.ts';

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Creates or upgrades what the backend needs (BullMQ's tables on Postgres); refuses a Redis whose maxmemory-policy is not
 * noeviction. Safe to call from many processes at once.
 */
export async function prepareQueue(config: QueueConfig): Promise<void> {
  switch (config.kind) {
    case 'postgres':
      return preparePostgres(config.connectionString);
    case 'redis':
      return prepareRedis(config.url);
    default:
      config satisfies never;
      throw new Error('unreachable queue config');
  }
}

async function preparePostgres(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => {}); // The query under way rejects with the same error.
  await client.connect();
  try {
    // In one transaction under an advisory lock: whoever comes second finds it done.
    await runMigrations(client);
  } finally {
    await client.end();
  }
}

async function prepareRedis(url: string): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let lastError: Error | undefined;
  client.on('error', (error) => {
    lastError = error;
  });
  try {
    await client.connect();
    // Managed servers forbid CONFIG, INFO they all answer.
    const policy = /^maxmemory_policy:(\S+)/m.exec(await client.info('memory'))?.[1];
    if (policy !== 'noeviction') {
      throw new Error(
        `this Redis may drop deliveries when its memory is full: its maxmemory-policy is ${policy ?? 'unknown'}, ` +
          'and must be noeviction',
      );
    }
  } catch (error) {
    // What `connect` rejects with says only that the connection is closed, not why.
    throw plainError(lastError ?? error);
  } finally {
    client.disconnect();
  }
}
