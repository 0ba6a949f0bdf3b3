/**
 * How does a program get a PostgreSQL server of its own, without one being installed? It names a folder, and gets a real
 * server on that folder's data, which ends when the program does. One folder has one server at a time, and one owner.
 */
import { mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { ensureCluster, readPassword } from './cluster.ts';
import { clusterFolder, existingHome, makeHome } from './cluster-home.ts';
import { becomeOwner, folderHolder, stopOrphan } from './folder-holder.ts';
import { installedPackage, usableBinaries } from './postgres-binaries.ts';
import { connectionString, ensureDatabase, launchPostgres } from './postgres-server.ts';
import { serverAccount } from './server-account.ts';

export interface EmbeddedPostgresOptions {
  /** Where the data is kept, e.g. `<project>/.data/postgres`. Made if it is not there. */
  readonly folder: string;
  /** Errors of the server, and what was unusual about starting it. */
  readonly onLog?: (line: string) => void;
}

export interface EmbeddedPostgres {
  /** Of the role and the database `settle`: owner of the database, may create databases and roles, no superuser. */
  readonly connectionString: string;
  readonly port: number;
  /** Where the data is: inside the folder, or elsewhere if PostgreSQL's account cannot get there. */
  readonly dataFolder: string;
  /** A fast shutdown; idempotent. Resolves when no process of the server is left. */
  stop(): Promise<void>;
}

/** A fast shutdown writes everything to disk, which a slow disk takes seconds for. */
const STOP_GRACE_MS = 20_000;

/** Rejects with the reason when the folder cannot be used, or when another server that is in use holds it. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`PostgreSQL did not start on ${options.folder}: ${reason}`, { cause });
  }
}

/** The connection string of a server that already runs on this folder, or undefined. */
export async function runningEmbeddedPostgres(folder: string): Promise<string | undefined> {
  let realFolder: string;
  try {
    realFolder = await realpath(folder);
  } catch {
    return undefined;
  }
  const home = await existingHome(realFolder);
  const password = await readPassword(realFolder);
  if (home === undefined || password === undefined) return undefined;
  const holder = await folderHolder(realFolder, clusterFolder(home));
  // Without an owner it is only starting, and an orphan is about to be stopped by whoever starts next.
  if (holder.kind !== 'held' || holder.ownerPid === undefined) return undefined;
  return connectionString(holder.server.port, password);
}

async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const onLog = options.onLog ?? (() => {});
  await mkdir(path.resolve(options.folder), { recursive: true });
  // One spelling for one folder, since the home and the holder are found by it.
  const folder = await realpath(options.folder);

  const knownHome = await existingHome(folder);
  const account = await serverAccount(knownHome);
  const home = knownHome ?? (await makeHome(folder, account, onLog));
  const cluster = clusterFolder(home);
  await makeFree(folder, cluster, onLog);

  const binaries = await usableBinaries(await installedPackage(), home, account, onLog);
  const password = await ensureCluster({ folder, home, account, binaries, onLog });
  const server = await launchPostgres({ postgres: binaries.postgres, cluster, account, password, onLog });

  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= server.process.stop(STOP_GRACE_MS);
    return stopping;
  };
  try {
    const connection = await ensureDatabase(server.port, password);
    await becomeOwner(folder, cluster);
    void server.process.ended.then((how) => {
      if (stopping === undefined) onLog(`PostgreSQL on ${folder} ended by itself with ${how}`);
    });
    return { connectionString: connection, port: server.port, dataFolder: home, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function makeFree(folder: string, cluster: string, onLog: (line: string) => void): Promise<void> {
  const holder = await folderHolder(folder, cluster);
  switch (holder.kind) {
    case 'free':
      return;
    case 'orphan':
      onLog(`stopping the PostgreSQL server ${holder.server.pid}, whose program is gone`);
      return stopOrphan(holder.server, cluster, STOP_GRACE_MS);
    case 'held': {
      const owner = holder.ownerPid === undefined ? '' : ` for process ${holder.ownerPid}`;
      throw new Error(`the PostgreSQL server with process id ${holder.server.pid} already runs on it${owner}`);
    }
    default:
      holder satisfies never;
      throw new Error('unreachable folder holder');
  }
}
