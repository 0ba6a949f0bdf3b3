/** How is BullMQ opened on each store? The only file that knows its options; producer and consumer see no difference. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BackendFactory,
  createPostgresBackend,
  type Job,
  type PostgresConnectionOptions,
  type PostgresQueueBackend,
  Queue,
  type RedisOptions,
  Worker,
  withBackend,
} from 'bullmq';
import type { Delivery } from './delivery.ts';
import type { QueueConfig } from './queue-config.ts';

export type ProcessDelivery = (job: Job<Delivery>, token: string | undefined) => Promise<void>;

export type DeliveryQueue = ReturnType<typeof openQueue>;
export type DeliveryWorker = ReturnType<typeof openWorker>;

export interface WorkerSettings {
  readonly concurrency: number;
  readonly lockMs: number;
}

const QUEUE_NAME = 'deliveries';

/** The part of every Redis key that says whose it is; Postgres has BullMQ's schema `bullmq` for that. */
const KEY_PREFIX = 'settle';

const CONNECT_TIMEOUT_MS = 4_000;

/** Queries of BullMQ take milliseconds. One that takes this long is on a connection whose other end is gone. */
const QUERY_TIMEOUT_MS = 10_000;

/** Pause between attempts on a store that is away: soon enough that nobody waits for it, seldom enough to cost nothing. */
const RETRY_MS = 1_000;

export function openQueue(config: QueueConfig) {
  const shared = { prefix: KEY_PREFIX };
  switch (config.kind) {
    case 'postgres': {
      const backend = withBackend(pacedPostgresBackend);
      return new backend.Queue<Delivery, void>(QUEUE_NAME, { ...shared, connection: postgresOptions(config) });
    }
    case 'redis': {
      // Without its own queue of commands the client rejects at once while Redis is away.
      const connection = { ...redisOptions(config), enableOfflineQueue: false, maxRetriesPerRequest: 1 };
      return new Queue<Delivery, void>(QUEUE_NAME, { ...shared, connection });
    }
    default:
      config satisfies never;
      throw new Error('unreachable queue config');
  }
}

/** The worker takes nothing before its `run` is called. */
export function openWorker(config: QueueConfig, settings: WorkerSettings, process: ProcessDelivery) {
  const shared = {
    prefix: KEY_PREFIX,
    autorun: false,
    concurrency: settings.concurrency,
    lockDuration: settings.lockMs,
    stalledInterval: settings.lockMs,
    runRetryDelay: RETRY_MS,
  };
  switch (config.kind) {
    case 'postgres': {
      const backend = withBackend(pacedPostgresBackend);
      return new backend.Worker<Delivery, void>(QUEUE_NAME, process, {
        ...shared,
        connection: postgresOptions(config),
      });
    }
    case 'redis': {
      const connection = { ...redisOptions(config), maxRetriesPerRequest: null };
      return new Worker<Delivery, void>(QUEUE_NAME, process, { ...shared, connection });
    }
    default:
      config satisfies never;
      throw new Error('unreachable queue config');
  }
}

function redisOptions({ url }: Extract<QueueConfig, { kind: 'redis' }>): RedisOptions {
  return {
    url,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(attempt * 100, RETRY_MS),
  };
}

function postgresOptions({ connectionString }: Extract<QueueConfig, { kind: 'postgres' }>): PostgresConnectionOptions {
  const url = new URL(connectionString);
  // BullMQ finds its schema through `options`; those of the address would replace them instead of being added to.
  const options = url.searchParams.get('options');
  url.searchParams.delete('options');
  return {
    connectionString: url.href,
    ...(options === null ? {} : { options }),
    max: 3,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
  };
}

/**
 * BullMQ's worker waits after a refused connection, but asks again at once after any other error: hundreds of times a
 * second while a server is starting or shutting down.
 */
const pacedPostgresBackend: BackendFactory<PostgresQueueBackend, PostgresConnectionOptions> = (name, options, more) => {
  const backend = createPostgresBackend(name, options, more);
  const moveToActive = backend.moveToActive.bind(backend);
  backend.moveToActive = async (token, workerName) => {
    try {
      return await moveToActive(token, workerName);
    } catch (error) {
      await sleep(RETRY_MS);
      throw error;
    }
  };
  return backend;
};
