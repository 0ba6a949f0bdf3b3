/** The API in this process, on a database of the test's own: real store, real queue, real dispatcher, no socket. */

import { openProducer, prepareQueue, queueConfig } from '@settle/queue';
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
import type { LightMyRequestResponse } from 'fastify';
import { buildApp } from '../apps/api/src/app.ts';
import { startDispatcher } from '../apps/api/src/dispatch/dispatcher.ts';
import { watchJobs } from '../apps/api/src/events/job-watcher.ts';
import type { Api } from '../apps/api/src/routes/route-module.ts';
import { createScratchDatabase } from './scratch-database.ts';
import { tinyDataset } from './tiny-dataset.ts';

export interface TestApi {
  readonly app: Api;
  readonly database: Database;
  readonly connectionString: string;
  /** A project with a key of its own. */
  newProject(name: string): Promise<{ readonly key: string; readonly tenant: Tenant }>;
  /** One request with that key; `body` is sent as JSON unless it is text. */
  request(
    method: 'GET' | 'POST',
    url: string,
    options?: {
      readonly key?: string;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): Promise<LightMyRequestResponse>;
  close(): Promise<void>;
}

export async function startTestApi(): Promise<TestApi> {
  const scratch = await createScratchDatabase();
  const { connectionString } = scratch;
  await migrate(connectionString);
  const queue = queueConfig(undefined, connectionString);
  await prepareQueue(queue);
  const { app, services } = await buildApp('silent', ({ log }) => {
    const database = openDatabase({ connectionString, onError: () => {} });
    const producer = openProducer(queue, { onError: () => {} });
    return {
      database,
      producer,
      dispatcher: startDispatcher({ database, producer, leaseMs: 10_000, log }),
      watcher: watchJobs(database, () => {}),
    };
  });
  const { database } = services;
  await ensureBuiltInDataset(database, tinyDataset());
  await app.ready();
  return {
    app,
    database,
    connectionString,
    async newProject(name) {
      const { key } = await createApiKey(
        database,
        await ensureProject(database, `organisation of ${name}`, name),
        name,
      );
      const tenant = await authenticate(database, key);
      if (tenant === undefined) throw new Error('a fresh key does not work');
      return { key, tenant };
    },
    async request(method, url, { key, body, headers = {} } = {}) {
      return app.inject({
        method,
        url,
        headers: {
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
    },
    async close() {
      await app.close();
      await services.dispatcher.close();
      await services.producer.close();
      await database.close();
      await scratch.drop();
    },
  };
}
