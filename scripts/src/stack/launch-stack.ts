/**
 * The whole service on this machine: Postgres, API and worker as separate processes. With DATABASE_URL set that database
 * is used, otherwise an embedded one in the data folder; with QUEUE_URL set the queue is Redis, otherwise Postgres.
 */
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { queueConfig } from '@settle/queue';
import { startEmbeddedPostgres } from '@settle/store';
import { prepareDatabase } from './prepare-database.ts';
import { projectRoot } from './project-root.ts';
import { type ServiceProcess, startServiceProcess } from './service-process.ts';

export interface StackOptions {
  /** The embedded database and the logs lie here. */
  readonly folder: string;
  /** Of the processes, on top of this one's. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The port the API would like; another free one is taken when it is busy. */
  readonly wantedPort: number;
  readonly note: (text: string) => void;
}

export interface Stack {
  readonly url: string;
  readonly databaseUrl: string;
  /** The current API process; another after `startApi`. */
  readonly api: ServiceProcess;
  /** The current worker; another after `startWorker`. */
  readonly worker: ServiceProcess;
  readonly logFolder: string;
  /** Starts another API process on the same port, in place of one that has ended. */
  startApi(): Promise<ServiceProcess>;
  startWorker(): Promise<ServiceProcess>;
  stop(): Promise<void>;
}

export async function launchStack({ folder, environment = {}, wantedPort, note }: StackOptions): Promise<Stack> {
  const logFolder = path.join(folder, 'logs');
  await mkdir(logFolder, { recursive: true });
  const settings: NodeJS.ProcessEnv = { ...process.env, ...environment };
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of stops.reverse()) await end();
    stops.length = 0;
  };
  try {
    let databaseUrl = settings.DATABASE_URL ?? '';
    if (databaseUrl === '') {
      const postgres = await startEmbeddedPostgres({ folder: path.join(folder, 'postgres'), onLog: note });
      stops.push(() => postgres.stop());
      databaseUrl = postgres.connectionString;
      note(`Postgres on port ${postgres.port}`);
    }
    // An empty variable is how shells and compose files write an absent one.
    const queueUrl = settings.QUEUE_URL === '' ? undefined : settings.QUEUE_URL;
    await prepareDatabase(databaseUrl, queueConfig(queueUrl, databaseUrl));

    const port = await portOrAnother(wantedPort);
    if (port !== wantedPort) note(`port ${wantedPort} is taken; the API listens on ${port}`);
    const child = { ...settings, DATABASE_URL: databaseUrl, PORT: String(port) };
    const start = async (name: string, entry: string) => {
      const started = await startServiceProcess({
        name,
        entry: path.join(projectRoot, entry),
        environment: child,
        logFolder,
      });
      stops.push(() => started.stop());
      return started;
    };
    const startApi = () => start('api', 'apps/api/dist/server.js');
    const startWorker = () => start('worker', 'apps/worker/dist/main.js');
    let api = await startApi();
    let worker = await startWorker();
    return {
      url: addressOf(api.ready),
      databaseUrl,
      get api() {
        return api;
      },
      get worker() {
        return worker;
      },
      logFolder,
      async startApi() {
        api = await startApi();
        return api;
      },
      async startWorker() {
        worker = await startWorker();
        return worker;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** `wanted`, or any free port when it is taken. */
async function portOrAnother(wanted: number): Promise<number> {
  return (await listenOnce(wanted)) ?? (await listenOnce(0)) ?? 0;
}

async function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}

function addressOf(ready: unknown): string {
  if (typeof ready === 'object' && ready !== null && 'address' in ready && typeof ready.address === 'string') {
    return ready.address;
  }
  throw new Error('the API did not say where it listens');
}
