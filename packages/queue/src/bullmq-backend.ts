/** How is BullMQ opened on each store? The only file that knows its options; producer and consumer see no difference. */
import { Socket } from 'node:net';
import process from 'node:process';
import {
  createPostgresBackend,
  type Job,
  type PostgresConnectionOptions,
  Queue,
  type RedisOptions,
  Worker,
  withBackend,
} from 'bullmq';
import type { Delivery } from './delivery.ts';
import type { QueueConfig } from './queue-config.ts';

export type ProcessDelivery = (job: Job<Delivery>, token: string | undefined) => Promise<void>;

export type OpenQueue = ReturnType<typeof openQueue>;
export type OpenWorker = ReturnType<typeof openWorker>;

export interface WorkerSettings {
  readonly concurrency: number;
  readonly lockMs: number;
}

const QUEUE_NAME = 'deliveries';

/** The part of every Redis key that says whose it is; Postgres has BullMQ's schema `bullmq` for that. */
const KEY_PREFIX = 'settle';

const CONNECT_TIMEOUT_MS = 4_000;

/**
 * BullMQ's commands take milliseconds. One without an answer for this long is on a connection whose other end is gone
 * without a word, which the network stack alone would notice after a quarter of an hour. A producer's are shorter than
 * its callers wait; a Redis worker's are longer than the five seconds for which its Redis holds an empty answer back. On
 * Postgres nothing is held back: a worker waits for a notice, not for an answer.
 */
const SILENCE_MS = 4_000;
const REDIS_WORKER_SILENCE_MS = 10_000;

/** Connections that a network forgot while they were idle are found out one by one; most are closed before that. */
const IDLE_MS = 2_000;

/** Pause between attempts on a store that is away: soon enough that nobody waits for it, seldom enough to cost nothing. */
const RETRY_MS = 1_000;

/** `abandon` ends what `close` leaves or waits for: connections to a store that is away and does not say goodbye. */
export function openQueue(config: QueueConfig) {
  switch (config.kind) {
    case 'postgres': {
      const sockets = trackedSockets();
      const connection = postgresOptions(config, sockets);
      const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
      return { queue: new PostgresQueue<Delivery, void>(QUEUE_NAME, { connection }), abandon: sockets.destroy };
    }
    case 'redis': {
      // Without its own queue of commands the client rejects at once while Redis is away.
      const offline = { enableOfflineQueue: false, maxRetriesPerRequest: 1 };
      const leaving = new AbortController();
      const connection = { ...redisOptions(config, SILENCE_MS, leaving.signal), ...offline };
      const queue = new Queue<Delivery, void>(QUEUE_NAME, { prefix: KEY_PREFIX, connection });
      return { queue, abandon: () => leaving.abort() };
    }
    default:
      config satisfies never;
      throw new Error('unreachable queue config');
  }
}

/** The worker takes nothing before its `run` is called. */
export function openWorker(config: QueueConfig, settings: WorkerSettings, process: ProcessDelivery) {
  const shared = {
    autorun: false,
    concurrency: settings.concurrency,
    lockDuration: settings.lockMs,
    stalledInterval: settings.lockMs,
    runRetryDelay: RETRY_MS,
  };
  switch (config.kind) {
    case 'postgres': {
      const sockets = trackedSockets();
      const connection = postgresOptions(config, sockets);
      const { Worker: PostgresWorker } = withBackend(createPostgresBackend);
      const worker = new PostgresWorker<Delivery, void>(QUEUE_NAME, process, { ...shared, connection });
      return { worker, abandon: sockets.destroy };
    }
    case 'redis': {
      const leaving = new AbortController();
      const options = redisOptions(config, REDIS_WORKER_SILENCE_MS, leaving.signal);
      const connection = { ...options, maxRetriesPerRequest: null };
      const worker = new RedisWorker(QUEUE_NAME, process, { ...shared, prefix: KEY_PREFIX, connection });
      const abandon = () => {
        leaving.abort();
        worker.stopRenewing();
      };
      return { worker, abandon };
    }
    default:
      config satisfies never;
      throw new Error('unreachable queue config');
  }
}

/** BullMQ renews locks until a close that does not come to its end while Redis is away: its timer keeps the process up. */
class RedisWorker extends Worker<Delivery, void> {
  stopRenewing(): void {
    void this.lockManager.close();
  }
}

function redisOptions(
  { url }: Extract<QueueConfig, { kind: 'redis' }>,
  silenceMs: number,
  leaving: AbortSignal,
): RedisOptions {
  return {
    url,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: silenceMs,
    // Without an answer here the client gives up, which it would never do by itself.
    retryStrategy: (attempt) => (leaving.aborted ? null : Math.min(attempt * 100, RETRY_MS)),
  };
}

function postgresOptions(
  { connectionString }: Extract<QueueConfig, { kind: 'postgres' }>,
  sockets: TrackedSockets,
): PostgresConnectionOptions {
  const url = new URL(connectionString);
  // BullMQ finds its schema through `options`; those of the address would replace them instead of being added to.
  const options = url.searchParams.get('options');
  url.searchParams.delete('options');
  return {
    connectionString: url.href,
    ...(options === null ? {} : { options }),
    max: 3,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: SILENCE_MS,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    stream: sockets.open,
  };
}

type TrackedSockets = ReturnType<typeof trackedSockets>;

/** Every connection of one pool, so that those can be dropped whose other end no longer says goodbye. */
function trackedSockets() {
  const open = new Set<Socket>();
  let isAbandoned = false;
  return {
    open: () => {
      const socket = new Socket();
      // Not thrown: the pool calls this from its events, where an exception would end the process. It fails as a
      // connection does that cannot be made.
      if (isAbandoned) {
        process.nextTick(() => socket.destroy(new Error('the queue was left while its Postgres was away')));
      }
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      return socket;
    },
    destroy: () => {
      isAbandoned = true;
      // Says goodbye where it still can, and waits for no answer.
      for (const socket of open) socket.destroySoon();
    },
  };
}
