/** The real service for a test: API and worker as processes, on a database of the test's own and short leases. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type FollowedEvent, type SettleClient, settleClient } from '@settle/client';
import type { Job, JobState } from '@settle/contracts';
import { createApiKey, type Database, ensureProject, openDatabase } from '@settle/store';
import { inject } from 'vitest';
import { launchStack, type Stack } from '../../scripts/src/stack/launch-stack.ts';
import { createScratchDatabase } from '../scratch-database.ts';

export const LEASE_MS = 2_000;

export interface TestStack {
  readonly stack: Stack;
  readonly client: SettleClient;
  readonly apiKey: string;
  readonly database: Database;
  /** What all processes have logged. */
  logs(): Promise<string>;
  stop(): Promise<void>;
}

export interface TestStackOptions {
  readonly queue: 'postgres' | 'redis';
  readonly environment?: Readonly<Record<string, string>>;
  /** Leads to the database in place of its own address, e.g. by way of a link that breaks. */
  readonly throughDatabaseUrl?: (url: string) => Promise<string>;
}

export async function startTestStack(options: TestStackOptions): Promise<TestStack> {
  const { redis } = inject('services');
  const queueUrl = options.queue === 'redis' && redis.kind === 'running' ? redis.url : '';
  const scratch = await createScratchDatabase();
  const folder = await mkdtemp(path.join(tmpdir(), 'settle-test-stack-'));
  const databaseUrl = (await options.throughDatabaseUrl?.(scratch.connectionString)) ?? scratch.connectionString;
  const stack = await launchStack({
    folder,
    wantedPort: 0,
    note: () => {},
    environment: {
      DATABASE_URL: databaseUrl,
      QUEUE_URL: queueUrl,
      LEASE_MS: String(LEASE_MS),
      SLOTS: '1',
      ...options.environment,
    },
  });
  const database = openDatabase({
    connectionString: scratch.connectionString,
    maximumConnections: 2,
    onError: () => {},
  });
  const { key } = await createApiKey(database, await ensureProject(database, 'lab', 'tests'), 'test');
  return {
    stack,
    client: settleClient({ baseUrl: stack.url, apiKey: key }),
    apiKey: key,
    database,
    async logs() {
      const files = ['api.log', 'worker.log'].map((name) => readFile(path.join(stack.logFolder, name), 'utf8'));
      return (await Promise.all(files)).join('\n');
    },
    async stop() {
      await stack.stop();
      await database.close();
      await scratch.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A job of a few seconds: a small network on part of MNIST, with a checkpoint after every epoch. */
export const SMALL_JOB = {
  recipe: 'ep',
  dataset: { name: 'mnist', train_samples: 4_000, test_samples: 1_000 },
  network: { layers: [784, 64, 10] },
  settling: { nudging: 'centred' },
  training: { epochs: 12, batch_size: 10, learning_rates: [0.1, 0.05] },
} as const;

/** A job whose first phase alone takes far longer than a test: for stopping in mid-phase. */
export const ENDLESS_PHASE_JOB = {
  recipe: 'ep',
  dataset: { name: 'mnist' },
  settling: { free_steps: 100_000 },
  training: { batch_size: 1_000 },
} as const;

/** The same by the reference kernels. */
export const ENDLESS_REFERENCE_JOB = {
  recipe: 'convolutional-ep',
  precision: 'float64',
  determinism: 'portable',
  dataset: { name: 'mnist' },
  settling: { free_steps: 100_000 },
  training: { batch_size: 4 },
} as const;

/** Follows a job until `enough` says so or it has ended; returns the events seen. */
export async function followUntil(
  client: SettleClient,
  id: string,
  enough: (event: FollowedEvent) => boolean,
): Promise<FollowedEvent[]> {
  const seen: FollowedEvent[] = [];
  for await (const event of client.followJob(id)) {
    seen.push(event);
    if (enough(event)) break;
  }
  return seen;
}

export const becomes =
  (state: JobState) =>
  (event: FollowedEvent): boolean =>
    event.type === 'job.status' && event.data.status === state;

export async function untilEnded(client: SettleClient, id: string): Promise<Job> {
  await followUntil(client, id, (event) => event.type === 'job.status' && event.data.is_terminal);
  return client.getJob(id);
}
