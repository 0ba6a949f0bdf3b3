/**
 * Which servers do tests share? One PostgreSQL and, where it is installed, one Redis, started once a run and gone after
 * it. Test files ask `inject('services')` for their addresses, and ./scratch-database.ts for a database of their own.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../packages/store/src/embedded-postgres/embedded-postgres.ts';
import { isRedisInstalled, startRedisServer } from './redis-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly services: Services;
  }
}

export interface Services {
  /** The server's own database: make a scratch database rather than tables in it. */
  readonly postgresUrl: string;
  readonly redis: { readonly kind: 'running'; readonly url: string } | { readonly kind: 'not-installed' };
}

export default async function startServices(project: TestProject): Promise<() => Promise<void>> {
  const hasRedis = await isRedisInstalled();
  if (!hasRedis && process.env.CI === 'true') {
    throw new Error('redis-server is not installed, and CI must not pass with half of the queue untested');
  }
  // Not `mkdtemp`, whose mode 700 would send root's server elsewhere.
  const folder = path.join(tmpdir(), `settle-services-${randomUUID()}`);
  const postgres = await startEmbeddedPostgres({ folder });
  const redis = hasRedis ? await startRedisServer() : undefined;
  project.provide('services', {
    postgresUrl: postgres.connectionString,
    redis: redis === undefined ? { kind: 'not-installed' } : { kind: 'running', url: redis.url },
  });
  return async () => {
    await Promise.all([postgres.stop(), redis?.stop()]);
    for (const leftover of [postgres.dataFolder, folder]) await rm(leftover, { recursive: true, force: true });
  };
}
