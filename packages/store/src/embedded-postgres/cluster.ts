/**
 * Is there a cluster in this home, and what is its password? Made once by `initdb`, in a folder that gets its name only
 * when it is complete, so that a start which was interrupted leaves nothing that looks like a cluster.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { chown, link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { clusterFolder } from './cluster-home.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { type Account, runCommand } from './run-command.ts';

/** The role that owns the cluster; programs connect as another one that is no superuser. */
export const SUPERUSER = 'postgres';

export interface ClusterPlace {
  readonly folder: string;
  readonly home: string;
  readonly account: Account | undefined;
  readonly binaries: PostgresBinaries;
  readonly onLog: (line: string) => void;
}

/** Returns the password of the cluster's roles, after making the cluster where there is none. */
export async function ensureCluster(place: ClusterPlace): Promise<string> {
  const cluster = clusterFolder(place.home);
  const known = await readPassword(place.folder);
  if (await exists(cluster)) {
    if (known !== undefined) return known;
    // Somebody removed the folder to start afresh, and the data was elsewhere. Never delete data unasked: set it aside.
    const aside = `${cluster}.without-password-${Date.now()}`;
    await rename(cluster, aside);
    place.onLog(`no password is left for the data in ${cluster}: starting afresh, the old data is now ${aside}`);
  }
  const password = known ?? (await choosePassword(place.folder));
  await makeCluster(place, cluster, password);
  return password;
}

export async function readPassword(folder: string): Promise<string | undefined> {
  try {
    return (await readFile(passwordFile(folder), 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whoever links first chooses; the file is complete from the moment it has its name. */
async function choosePassword(folder: string): Promise<string> {
  const draft = `${passwordFile(folder)}.new-${randomUUID()}`;
  const password = randomBytes(24).toString('hex');
  await writeFile(draft, `${password}\n`, { mode: 0o600 });
  try {
    await link(draft, passwordFile(folder));
    return password;
  } catch (error) {
    const chosen = await readPassword(folder);
    if (chosen === undefined) throw error;
    return chosen;
  } finally {
    await rm(draft, { force: true });
  }
}

async function makeCluster(place: ClusterPlace, cluster: string, password: string): Promise<void> {
  const { account, binaries, home } = place;
  const unfinished = `${cluster}.new-${randomUUID()}`;
  const passwordDraft = path.join(home, `password.new-${randomUUID()}`);
  try {
    await writeFile(passwordDraft, password, { mode: 0o600 });
    if (account !== undefined) await chown(passwordDraft, account.uid, account.gid);
    const args = [
      ['-D', unfinished],
      [`--username=${SUPERUSER}`, `--pwfile=${passwordDraft}`, '--auth=scram-sha-256'],
      ['--encoding=UTF8', '--locale=C', '--no-instructions'],
    ].flat();
    const outcome = await runCommand(binaries.initdb, args, account);
    if (outcome.kind === 'failed') {
      throw new Error(`initdb failed with ${outcome.reason}\n${lastLines(outcome.output)}`);
    }
    await rename(unfinished, cluster);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // A start of another process at the same moment came first: its cluster has the same password.
    if (!(await exists(cluster))) throw error;
  } finally {
    await rm(passwordDraft, { force: true });
  }
}

function lastLines(output: string): string {
  return output.trim().split('\n').slice(-15).join('\n');
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch {
    return false;
  }
}

function passwordFile(folder: string): string {
  return path.join(folder, 'password');
}
