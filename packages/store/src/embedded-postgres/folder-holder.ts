/**
 * Who holds a data folder? PostgreSQL writes its process and port into `postmaster.pid`; we write down which of our
 * processes it serves. A server that outlived that process is an orphan and may be stopped; any other is left alone.
 */
import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { processIdentity } from './process-identity.ts';

export interface RunningServer {
  readonly pid: number;
  readonly port: number;
}

export type FolderHolder =
  | { readonly kind: 'free' }
  | { readonly kind: 'orphan'; readonly server: RunningServer }
  /** `ownerPid` is missing when the server was not started by us, or is only just starting. */
  | { readonly kind: 'held'; readonly server: RunningServer; readonly ownerPid?: number };

export async function folderHolder(folder: string, cluster: string): Promise<FolderHolder> {
  const server = await runningServer(cluster);
  if (server === undefined) return { kind: 'free' };
  const owner = await readOwner(folder);
  // Notes about an earlier server say nothing about this one.
  if (owner === undefined || owner.serverPid !== server.pid) return { kind: 'held', server };
  const alive = await processIdentity(owner.pid);
  if (alive?.startedAt === owner.startedAt) return { kind: 'held', server, ownerPid: owner.pid };
  return { kind: 'orphan', server };
}

/** Notes that the server that now runs on the cluster serves this process. */
export async function becomeOwner(folder: string, cluster: string): Promise<void> {
  const server = await runningServer(cluster);
  const self = await processIdentity(process.pid);
  if (server === undefined || self === undefined) throw new Error('PostgreSQL ended as soon as it had started');
  const file = ownerFile(folder);
  const owner = { pid: process.pid, startedAt: self.startedAt, serverPid: server.pid };
  const draft = `${file}.new-${randomUUID()}`;
  await writeFile(draft, JSON.stringify(owner), { mode: 0o600 });
  await rename(draft, file);
}

/** The same order of signals as a normal stop: a fast shutdown first, SIGKILL (and crash recovery) when that takes too long. */
export async function stopOrphan(server: RunningServer, cluster: string, graceMs: number): Promise<void> {
  const isRunning = async () => (await runningServer(cluster))?.pid === server.pid;
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    try {
      process.kill(server.pid, signal);
    } catch (error) {
      if (await isRunning()) throw error;
    }
    const deadline = Date.now() + graceMs;
    while (Date.now() < deadline) {
      if (!(await isRunning())) return;
      await sleep(20);
    }
  }
  throw new Error(`the PostgreSQL server with process id ${server.pid} cannot be stopped`);
}

/** Reads `postmaster.pid` (process, folder, start, port, ... line by line) and believes it only if the process is there. */
async function runningServer(cluster: string): Promise<RunningServer | undefined> {
  let lines: readonly string[];
  try {
    lines = (await readFile(path.join(cluster, 'postmaster.pid'), 'utf8')).split('\n');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const identity = await processIdentity(pid);
  // After a crash or a restart of the machine the number may belong to anything.
  return identity?.commandLine.includes(cluster) === true ? { pid, port } : undefined;
}

interface Owner {
  readonly pid: number;
  readonly startedAt: string;
  readonly serverPid: number;
}

async function readOwner(folder: string): Promise<Owner | undefined> {
  try {
    const noted: unknown = JSON.parse(await readFile(ownerFile(folder), 'utf8'));
    if (typeof noted !== 'object' || noted === null) return undefined;
    if (!('pid' in noted) || !('startedAt' in noted) || !('serverPid' in noted)) return undefined;
    const { pid, startedAt, serverPid } = noted;
    if (typeof pid !== 'number' || typeof startedAt !== 'string' || typeof serverPid !== 'number') return undefined;
    return { pid, startedAt, serverPid };
  } catch {
    return undefined;
  }
}

function ownerFile(folder: string): string {
  return path.join(folder, 'owner.json');
}
