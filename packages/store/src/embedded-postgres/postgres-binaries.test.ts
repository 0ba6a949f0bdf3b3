import { randomUUID } from 'node:crypto';
import { chmod, cp, mkdir, readdir, realpath, rm, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type InstalledPackage, installedPackage, usableBinaries } from './postgres-binaries.ts';
import { runCommand } from './run-command.ts';
import { serverAccount } from './server-account.ts';

const isRoot = process.getuid?.() === 0;

let scratch: string;
let home: string;
let lines: string[];

beforeAll(async () => {
  scratch = path.join(await realpath(tmpdir()), `settle-test-${randomUUID()}`);
  home = path.join(scratch, 'home');
  await mkdir(home, { recursive: true, mode: 0o755 });
});

beforeEach(() => {
  lines = [];
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

it('runs binaries where they are when the server can reach them there', async () => {
  // Not the installed ones: this checkout may itself lie where only root can go.
  const reachable = await unpacked('reachable');
  const binaries = await find(reachable);
  expect(binaries.postgres.startsWith(reachable.root)).toBe(true);
  expect(await readdir(home)).toEqual([]);
});

it('makes the links between libraries that a package without its install script lacks', async () => {
  const bare = await unpacked('bare');
  const binaries = await find(bare);
  expect(binaries.postgres.startsWith(bare.root)).toBe(true);
  expect(lines).toEqual([]);
});

it('runs a copy when the package is where it cannot be reached or changed, and copies only once', async () => {
  const closed = await unpacked('closed');
  const library = path.join(closed.root, 'native', 'lib');
  // Root's stand-in account may not pass; an ordinary user may pass but not add the links.
  if (isRoot) await chmod(closed.root, 0o700);
  else await chmod(library, 0o500);
  try {
    const binaries = await find(closed);
    expect(binaries.postgres.startsWith(home)).toBe(true);
    expect(lines).toEqual([expect.stringContaining('copying it to')]);
    const { mtimeMs } = await stat(binaries.postgres);
    expect((await find(closed)).postgres).toBe(binaries.postgres);
    expect((await stat(binaries.postgres)).mtimeMs).toBe(mtimeMs);
    expect(lines).toHaveLength(1);
  } finally {
    await chmod(library, 0o700);
  }
});

async function find(installed: InstalledPackage) {
  const account = await serverAccount(undefined);
  const binaries = await usableBinaries(installed, home, account, (line) => lines.push(line));
  for (const binary of [binaries.postgres, binaries.initdb]) {
    expect(await runCommand(binary, ['--version'], account)).toMatchObject({ kind: 'succeeded' });
  }
  return binaries;
}

/** The package as npm unpacks it: without symbolic links. */
async function unpacked(name: string): Promise<InstalledPackage> {
  const installed = await installedPackage();
  const root = path.join(scratch, name);
  await cp(installed.root, root, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !source.endsWith('.a'),
  });
  const library = path.join(root, 'native', 'lib');
  for (const entry of await readdir(library, { withFileTypes: true })) {
    if (entry.isSymbolicLink()) await unlink(path.join(library, entry.name));
  }
  return { root, version: installed.version };
}
