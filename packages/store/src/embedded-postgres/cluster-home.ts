/**
 * Where are a cluster's files? Inside the caller's folder, or, when root's stand-in account cannot get there (a clone
 * under /root or in a `mktemp -d` folder, mode 700), in a folder of their own that is found again by the folder's path.
 */
import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Account } from './run-command.ts';
import { canUse } from './server-account.ts';

/** The home of a folder's cluster, if one was made: its data is in `<home>/cluster`. */
export async function existingHome(folder: string): Promise<string | undefined> {
  for (const home of [homeInside(folder), ...homesOutside(folder)]) {
    if (await isPresent(clusterFolder(home))) return home;
  }
  return undefined;
}

export function clusterFolder(home: string): string {
  return path.join(home, 'cluster');
}

/** Makes an empty home, mode 700, that belongs to whoever runs the server. */
export async function makeHome(
  folder: string,
  account: Account | undefined,
  onLog: (line: string) => void,
): Promise<string> {
  const inside = homeInside(folder);
  await mkdir(inside, { recursive: true, mode: 0o700 });
  if (account === undefined) return inside;
  await handOver(inside, account);
  if (await canUse(account, inside)) return inside;
  await rmdir(inside);

  for (const outside of homesOutside(folder)) {
    try {
      const parent = path.dirname(outside);
      // Traversable whatever the umask: the account has to pass through it.
      if ((await mkdir(parent, { recursive: true })) !== undefined) await chmod(parent, 0o755);
      await mkdir(outside, { recursive: true, mode: 0o700 });
      await handOver(outside, account);
    } catch {
      continue; // A read-only /var, say: the next place may do.
    }
    if (await canUse(account, outside)) {
      onLog(`uid ${account.uid}, which runs PostgreSQL for root, cannot reach ${folder}: its data is in ${outside}`);
      return outside;
    }
  }
  throw new Error(
    `uid ${account.uid}, which runs PostgreSQL for root, can reach neither ${folder} nor ${homesOutside(folder).join(' nor ')}`,
  );
}

function homeInside(folder: string): string {
  return path.join(folder, 'server');
}

function homesOutside(folder: string): readonly string[] {
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  return [path.join('/var/lib/settle', name), path.join(tmpdir(), `settle-${name}`)];
}

async function handOver(home: string, account: Account): Promise<void> {
  // Names under a shared temporary folder can be guessed: following a planted link would give away what it points to.
  if (!(await lstat(home)).isDirectory()) throw new Error(`${home} is not a folder`);
  await chown(home, account.uid, account.gid);
  await chmod(home, 0o700);
}

async function isPresent(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    // EACCES: somebody else's home, which whoever starts a server must be told rather than given an empty one.
    return error instanceof Error && 'code' in error && error.code === 'EACCES';
  }
}
