import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdir, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type EmbeddedPostgres, runningEmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';

const isRoot = process.getuid?.() === 0;
const isLinux = process.platform === 'linux';

/** Each test that needs an empty folder makes one in here. */
let scratch: string;
/** A folder that already has data: making a cluster takes a second, starting one a tenth of that. */
let used: string;
const servers: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  // Not `mkdtemp`: its mode 700 is one of the cases under test.
  scratch = path.join(await realpath(tmpdir()), `settle-test-${randomUUID()}`);
  await mkdir(scratch, { mode: 0o755 });
  used = path.join(scratch, 'used');
  await (await startEmbeddedPostgres({ folder: used })).stop();
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  await eventually(
    () => processesOn(scratch),
    (found) => found.length === 0,
  );
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

it('starts a server that only this machine can reach, and connects as no superuser', async () => {
  const server = await start(used);
  expect(new URL(server.connectionString).hostname).toBe('127.0.0.1');
  const [row] = await query(
    server.connectionString,
    `select current_user as name, current_database() as database, version() as version,
       (select rolsuper from pg_roles where rolname = current_user) as superuser,
       current_setting('listen_addresses') as addresses,
       pg_encoding_to_char(encoding) as encoding, datcollate as locale
     from pg_database where datname = current_database()`,
  );
  expect(row).toMatchObject({ name: 'settle', database: 'settle', superuser: false });
  expect(row).toMatchObject({ addresses: '127.0.0.1', encoding: 'UTF8', locale: 'C' });
  expect(row?.version).toContain('PostgreSQL 18');
  // The fifth line of the file is the folder of the Unix socket.
  const lines = (await readFile(path.join(used, 'server', 'cluster', 'postmaster.pid'), 'utf8')).split('\n');
  expect(lines[4]).toBe('');
});

it('keeps its password where only the owner reads it, and lets nobody in without it', async () => {
  const server = await start(used);
  expect((await stat(path.join(used, 'password'))).mode & 0o077).toBe(0);
  const other = new URL(server.connectionString);
  other.password = 'guessed';
  await expect(query(other.href, 'select 1')).rejects.toThrow('password authentication failed');
});

it('finds its data again after a stop', async () => {
  const first = await start(used);
  await query(first.connectionString, 'create table stopped as select 42 as answer');
  await first.stop();
  const second = await start(used);
  expect(await query(second.connectionString, 'select answer from stopped')).toEqual([{ answer: 42 }]);
});

it('runs two servers on two folders beside each other, one with spaces and a quote in its name', async () => {
  const [left, right] = await Promise.all([start(used), start(path.join(scratch, `a lab's own folder`, 'data'))]);
  expect(left.port).not.toBe(right.port);
  await query(left.connectionString, 'create table here (id int)');
  await expect(query(right.connectionString, 'select * from here')).rejects.toThrow('does not exist');
});

it('lets one of two simultaneous starts on an empty folder have it and tells the other why not', async () => {
  const folder = path.join(scratch, 'contested');
  const outcomes = await Promise.allSettled([start(folder), start(folder)]);
  expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
  const refused = outcomes.find((outcome) => outcome.status === 'rejected');
  expect(String(refused?.reason)).toMatch(/process id \d+|PID \d+/);
});

it('refuses a folder whose server is in use, and names both processes', async () => {
  await start(used);
  const serverPid = await postmasterPid(used);
  await expect(startEmbeddedPostgres({ folder: used })).rejects.toThrow(
    `process id ${serverPid} already runs on it for process ${process.pid}`,
  );
});

it('tells other programs where the server of a folder is, while it runs', async () => {
  expect(await runningEmbeddedPostgres(path.join(scratch, 'nothing here'))).toBeUndefined();
  expect(await runningEmbeddedPostgres(used)).toBeUndefined();
  const server = await start(used);
  expect(await runningEmbeddedPostgres(used)).toBe(server.connectionString);
  await server.stop();
  expect(await runningEmbeddedPostgres(used)).toBeUndefined();
});

it('leaves no process behind when it is stopped, even with clients connected', async () => {
  const server = await start(used);
  const client = new pg.Client(server.connectionString);
  client.on('error', () => {});
  await client.connect();
  await Promise.all([server.stop(), server.stop()]);
  expect(await processesOn(used)).toEqual([]);
});

it('ends with the program that started it, even when that is killed', async () => {
  const owner = await startInChild(used);
  owner.kill('SIGKILL');
  await eventually(
    () => processesOn(used),
    (found) => found.length === 0,
  );
});

it('starts at once after the program before it was killed, and keeps what was committed', async () => {
  const owner = await startInChild(used);
  await query((await runningEmbeddedPostgres(used)) ?? '', 'create table killed as select 42 as answer');
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  const server = await start(used);
  expect(await query(server.connectionString, 'select answer from killed')).toEqual([{ answer: 42 }]);
});

it.runIf(isLinux)('stops a server that outlived its program and the shell that watched over it', async () => {
  const owner = await startInChild(used);
  const serverPid = await postmasterPid(used);
  for (const pid of await processesOn(used)) if (pid !== serverPid) process.kill(pid, 'SIGKILL');
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  expect(await processesOn(used)).toEqual([serverPid]);
  const lines: string[] = [];
  await start(used, lines);
  expect(lines).toContain(`stopping the PostgreSQL server ${serverPid}, whose program is gone`);
  expect(await postmasterPid(used)).not.toBe(serverPid);
});

it('recovers from a server that was killed, whose process id file is still there', async () => {
  const lines: string[] = [];
  const first = await start(used, lines);
  await query(first.connectionString, 'create table crashed as select 42 as answer');
  process.kill(await postmasterPid(used), 'SIGKILL');
  await eventually(
    async () => lines.join('\n'),
    (text) => text.includes('ended by itself'),
  );
  const second = await start(used);
  expect(await query(second.connectionString, 'select answer from crashed')).toEqual([{ answer: 42 }]);
});

it('gives the reason and what PostgreSQL said when the data is unusable', async () => {
  const settings = path.join(used, 'server', 'cluster', 'postgresql.auto.conf');
  const good = await readFile(settings, 'utf8');
  await writeFile(settings, 'no_such_setting = 1\n');
  await expect(startEmbeddedPostgres({ folder: used })).rejects.toThrow(
    /did not start.*exit code 1[\s\S]*no_such_setting/,
  );
  await writeFile(settings, good);
});

it('gives the reason when the folder cannot be made', async () => {
  const file = path.join(scratch, 'a file');
  await writeFile(file, '');
  await expect(startEmbeddedPostgres({ folder: path.join(file, 'data') })).rejects.toThrow(/did not start.*ENOTDIR/);
});

it.runIf(isRoot)('keeps the data elsewhere, and says where, when a parent folder is root’s alone', async () => {
  const closed = path.join(scratch, 'closed');
  await mkdir(closed, { mode: 0o700 });
  const folder = path.join(closed, 'data');
  const lines: string[] = [];
  const first = await start(folder, lines);
  const elsewhere = first.dataFolder;
  try {
    expect(elsewhere.startsWith(closed)).toBe(false);
    expect(lines.join('\n')).toContain(`its data is in ${elsewhere}`);
    expect((await stat(elsewhere)).mode & 0o777).toBe(0o700);
    expect(await runningEmbeddedPostgres(folder)).toBe(first.connectionString);
    await query(first.connectionString, 'create table moved as select 42 as answer');
    await first.stop();
    const second = await start(folder);
    expect(await query(second.connectionString, 'select answer from moved')).toEqual([{ answer: 42 }]);
    await second.stop();

    // Whoever removes the folder means to start afresh; the old data is set aside, not deleted.
    await rm(folder, { recursive: true });
    const third = await start(folder);
    await expect(query(third.connectionString, 'select answer from moved')).rejects.toThrow('does not exist');
    expect((await readdir(elsewhere)).some((name) => name.startsWith('cluster.without-password-'))).toBe(true);
    await third.stop();
  } finally {
    await rm(elsewhere, { recursive: true, force: true });
  }
});

/** A checkout under /root is no place for ordinary users: there they cannot run anything of it. */
const isOpenToAll =
  isRoot && spawnSync('ls', [fileURLToPath(new URL('.', import.meta.url))], { uid: 65534, gid: 65534 }).status === 0;

it.runIf(isOpenToAll)('needs no other account when started by an ordinary user', async () => {
  const folder = path.join(scratch, 'ordinary');
  await mkdir(folder);
  await chown(folder, NOBODY, NOBODY);
  await startInChild(folder, NOBODY);
  expect((await stat(path.join(folder, 'server'))).uid).toBe(NOBODY);
});

/** Any number will do where no account is needed; this one is commonly `nobody`. */
const NOBODY = 65534;

async function start(folder: string, lines: string[] = []): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ folder, onLog: (line) => lines.push(line) });
  servers.push(server);
  return server;
}

/** Starts a server from another process, which keeps it until it is killed. */
async function startInChild(folder: string, uid?: number): Promise<ChildProcess> {
  const source = fileURLToPath(new URL('./embedded-postgres.ts', import.meta.url));
  const program = `
    const { runnerImport } = await import('vite');
    const { module } = await runnerImport(${JSON.stringify(source)}, { configFile: false, logLevel: 'error' });
    await module.startEmbeddedPostgres({ folder: ${JSON.stringify(folder)} });
    console.log('started');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, 'line'), once(child, 'exit')]);
  expect(first).toEqual(['started']);
  return child;
}

async function query(connectionString: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(connectionString);
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

async function postmasterPid(folder: string): Promise<number> {
  return Number((await readFile(path.join(folder, 'server', 'cluster', 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

/** Every process, backends included, that has the folder in its command line. Empty where there is no /proc. */
async function processesOn(folder: string): Promise<readonly number[]> {
  if (!isLinux) return [];
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || children.some((child) => child.pid === Number(name))) continue;
    try {
      if ((await readFile(`/proc/${name}/cmdline`, 'utf8')).includes(folder)) found.push(Number(name));
    } catch {
      // It ended while we were looking.
    }
  }
  return found;
}

async function eventually<T>(observe: () => Promise<T>, isFine: (value: T) => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!isFine(await observe())) {
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(await observe())}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
