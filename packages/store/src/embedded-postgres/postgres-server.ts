/** How is `postgres` run on a cluster, and when can it be used? It can when a client gets in, whatever the log says. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { SUPERUSER } from './cluster.ts';
import { freePort, isPortFree } from './free-port.ts';
import type { Account } from './run-command.ts';
import { spawnTethered, type TetheredProcess } from './tethered-process.ts';

export interface PostgresServer {
  readonly process: TetheredProcess;
  readonly port: number;
}

export interface PostgresLaunch {
  readonly postgres: string;
  readonly cluster: string;
  readonly account: Account | undefined;
  readonly password: string;
  readonly onLog: (line: string) => void;
}

/** The role and the database that programs use. */
const NAME = 'settle';

/** Losing the race for a port several times in a row means something else is wrong. */
const PORT_ATTEMPTS = 5;

/** After a crash the server first replays up to `max_wal_size` of its log, which takes a slow disk a good part of this. */
const READY_WITHIN_MS = 120_000;

/** A server that could not have the port ends within milliseconds, so one that is still there this long after is ours. */
const SURELY_OURS_AFTER_MS = 2_000;

const LOG_LINES_KEPT = 20;

/** For one machine that also trains: modest memory, one process per query, and durable, because Postgres is the truth. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  shared_buffers: '128MB',
  max_connections: '200',
  max_wal_size: '1GB',
  // Parallel queries take cores from training and shared memory that containers are short of.
  max_parallel_workers_per_gather: '0',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'error',
  log_line_prefix: '',
  // Statements may hold what users typed.
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
};

export async function launchPostgres(launch: PostgresLaunch): Promise<PostgresServer> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const log: string[] = [];
    let isReady = false;
    const process = spawnTethered({
      command: launch.postgres,
      args: ['-D', launch.cluster, '-p', String(port), ...settingArguments()],
      // A fast shutdown: sessions are ended, everything is on disk. SIGTERM would wait for clients to leave.
      stopSignal: 'INT',
      account: launch.account,
      onLine: (line) => {
        log.push(line);
        if (log.length > LOG_LINES_KEPT) log.shift();
        // Before it is ready every early client is an error to it; and the level LOG is news of starting and stopping,
        // which cannot be turned off without losing errors.
        if (isReady && !line.startsWith('LOG:')) launch.onLog(line);
      },
    });
    const refusal = await untilReady(process, port, launch.password);
    if (refusal === undefined) {
      isReady = true;
      return { process, port };
    }
    await process.stop(0);
    // A server that may not read its own folder and one that lost its port end alike: the port itself tells.
    if (attempt < PORT_ATTEMPTS && !(await isPortFree(port))) continue;
    throw new Error([refusal, ...log].join('\n'));
  }
}

/** Makes the role and the database of a new cluster, or finishes what an interrupted start began. */
export async function ensureDatabase(port: number, password: string): Promise<string> {
  const client = superuserClient(port, password);
  await client.connect();
  try {
    const roles = await client.query('select from pg_roles where rolname = $1', [NAME]);
    if (roles.rowCount === 0) {
      // No superuser, since row-level security does not hold for one, and a managed Postgres gives none either.
      await client.query(`create role ${NAME} login createdb createrole password ${client.escapeLiteral(password)}`);
    }
    const databases = await client.query('select from pg_database where datname = $1', [NAME]);
    if (databases.rowCount === 0) await client.query(`create database ${NAME} owner ${NAME}`);
  } finally {
    await client.end();
  }
  return connectionString(port, password);
}

export function connectionString(port: number, password: string): string {
  return `postgresql://${NAME}:${password}@127.0.0.1:${port}/${NAME}`;
}

/** Says why the server cannot be used, or nothing once it can. */
async function untilReady(process: TetheredProcess, port: number, password: string): Promise<string | undefined> {
  const startedAt = performance.now();
  const waitedMs = () => performance.now() - startedAt;
  while (!process.hasEnded()) {
    const client = superuserClient(port, password);
    try {
      await client.connect();
      await client.end();
      return undefined;
    } catch (error) {
      const isWrongPassword = error instanceof pg.DatabaseError && error.code === '28P01';
      if (isWrongPassword && waitedMs() > SURELY_OURS_AFTER_MS) return 'the server does not know the password on file';
      if (waitedMs() > READY_WITHIN_MS) return `no connection within ${READY_WITHIN_MS / 1000} s: ${error}`;
      await sleep(20);
    }
  }
  return `postgres ended with ${await process.ended}`;
}

function superuserClient(port: number, password: string): pg.Client {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: SUPERUSER,
    password,
    database: 'postgres',
    ssl: false,
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => {}); // The query under way rejects with the same error.
  return client;
}

function settingArguments(): readonly string[] {
  return Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
