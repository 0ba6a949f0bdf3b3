/** Would docker-compose.yml and the Dockerfile start the service that this repository builds? No container engine is asked. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { processEnvironment } from '../../scripts/src/checks/process-environment.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readFile(path.join(root, file), 'utf8');

interface Service {
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly healthTest: readonly string[];
  readonly stopGrace: string;
  readonly waitsFor: Readonly<Record<string, string>>;
}

const OURS = ['migrate', 'api', 'worker'];
/** What the image of postgres documents. */
const POSTGRES_IMAGE_READS = ['POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_DB'];

let composeText: string;
let services: ReadonlyMap<string, Service>;
let dockerfile: string;

beforeAll(async () => {
  [composeText, dockerfile] = await Promise.all([read('docker-compose.yml'), read('Dockerfile')]);
  services = new Map(
    Object.entries(record(record(parse(composeText, { merge: true })).services)).map(([name, value]) => [
      name,
      serviceOf(value),
    ]),
  );
});

function service(name: string): Service {
  const found = services.get(name);
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
}

describe('docker-compose.yml', () => {
  it('has the stores, the migration and the processes', () => {
    expect([...services.keys()].sort()).toEqual([...OURS, 'postgres', 'redis'].sort());
  });

  it.each(OURS)('starts %s with a file that is built', (name) => {
    expectBuilt(service(name).command);
  });

  it('sets only variables that the process reads, to values that it accepts', async () => {
    for (const name of ['api', 'worker'] as const) {
      const { variables, read: accept } = await processEnvironment(root, name);
      const { environment } = service(name);
      expect([...variables]).toEqual(expect.arrayContaining(Object.keys(environment)));
      expect(() => accept(interpolated(environment))).not.toThrow();
    }
    const migration = await read('scripts/src/migrate.ts');
    for (const variable of Object.keys(service('migrate').environment)) {
      expect(migration).toContain(`givenVariable('${variable}')`);
    }
    expect(POSTGRES_IMAGE_READS).toEqual(expect.arrayContaining(Object.keys(service('postgres').environment)));
    expect(service('redis').environment).toEqual({});
  });

  it('lets the API be reached from outside its container', () => {
    expect(service('api').environment).toMatchObject({ HOST: '0.0.0.0', PORT: '3000' });
  });

  it('runs a Redis that keeps every delivery', () => {
    const command = service('redis').command.join(' ');
    expect(command).toContain('--maxmemory-policy noeviction');
    expect(command).toContain('--appendonly yes');
  });

  it('knows when the stores and the API are well', () => {
    expect(service('postgres').healthTest).toContain('pg_isready');
    expect(service('redis').healthTest).toContain('redis-cli');
    expect(service('api').healthTest.join(' ')).toContain('http://127.0.0.1:3000/readyz');
  });

  it('migrates after the stores are well and before anything else', () => {
    expect(service('migrate').waitsFor).toEqual({ postgres: 'service_healthy', redis: 'service_healthy' });
    for (const name of ['api', 'worker']) {
      expect(service(name).waitsFor).toEqual({ migrate: 'service_completed_successfully' });
    }
  });

  it.each([
    ['api', 'apps/api/src/server.ts'],
    ['worker', 'apps/worker/src/main.ts'],
  ])('gives the %s longer to end than it gives itself', async (name, entry) => {
    const graceMs = Number(/GRACE_MS = ([\d_]+)/.exec(await read(entry))?.[1]?.replaceAll('_', ''));
    expect(graceMs).toBeGreaterThan(0);
    expect(Number(/^(\d+)s$/.exec(service(name).stopGrace)?.[1]) * 1_000).toBeGreaterThan(graceMs);
  });

  it('holds no password', () => {
    const secrets = [
      ...composeText.matchAll(/^ *\w*PASSWORD: +(.+)$/gm),
      ...composeText.matchAll(/:\/\/[^:/\s]*:(.+?)@/g),
    ].map(([, secret]) => secret);
    expect(secrets).toHaveLength(2);
    for (const secret of secrets) expect(secret).toMatch(/^\$\{POSTGRES_PASSWORD:\?[^}]*\}$/);
  });
});

describe('the Dockerfile', () => {
  it('ends as another user than root, in production, with a file that is built', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
    expect(last).toMatch(/^USER node$/m);
    expect(last).toMatch(/^ENV NODE_ENV=production$/m);
    expectBuilt(list(JSON.parse(/^CMD (.+)$/m.exec(last)?.[1] ?? '[]')));
  });

  it('copies what exists, every folder with a built command and the migrations among it', async () => {
    const copied = [...dockerfile.matchAll(/^COPY --from=build \/app\/(\S+) /gm)].map(([, name]) => name ?? '');
    for (const name of copied) expect(existsSync(path.join(root, name)), name).toBe(true);
    expect(copied).toEqual(expect.arrayContaining(['node_modules', 'packages', 'apps', 'scripts', 'prisma']));
  });

  it('builds the native kernels where there is a compiler, and runs them on the same system', () => {
    const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    // The slim image has no compiler; a library of one Debian need not run on another.
    expect(images).toEqual([expect.stringMatching(/^node:\d+-\w+$/), expect.stringMatching(/^node:\d+-\w+-slim$/)]);
    expect(`${images[0]}-slim`).toBe(images[1]);
    expect(dockerfile).toContain('test -f packages/native/build/settle-kernels.node');
    expect(dockerfile).not.toContain('SETTLE_NATIVE');
  });

  it('sends no dependency, build product or secret of this machine to the builder', async () => {
    const ignored = (await read('.dockerignore')).split('\n');
    const never = [
      ...['**/node_modules', '**/dist', '**/generated', '**/*.tsbuildinfo', 'packages/native/build'],
      ...['.git', '.data', '.env'],
    ];
    expect(ignored).toEqual(expect.arrayContaining(never));
  });
});

/** `node <file of dist>`, whose source is there too: a leftover of an old build would not be in the image. */
function expectBuilt([program, file = '', ...rest]: readonly string[]): void {
  expect(program).toBe('node');
  expect(rest).toEqual([]);
  expect(existsSync(path.join(root, file)), `${file} is built`).toBe(true);
  const source = file.replace('/dist/', '/src/').replace(/[.]js$/, '.ts');
  expect(existsSync(path.join(root, source)), `${source} exists`).toBe(true);
}

/** As compose would: `${NAME:-default}` is the default, a required one some word. */
function interpolated(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      value.replace(/\$\{\w+:-([^}]*)\}/g, '$1').replace(/\$\{\w+:\?[^}]*\}/g, 'secret'),
    ]),
  );
}

function serviceOf(value: unknown): Service {
  const { image, command, environment, healthcheck, stop_grace_period, depends_on } = record(value);
  return {
    image: String(image),
    command: list(command),
    environment: texts(environment),
    healthTest: list(record(healthcheck).test),
    stopGrace: String(stop_grace_period),
    waitsFor: Object.fromEntries(
      Object.entries(record(depends_on)).map(([name, wait]) => [name, String(record(wait).condition)]),
    ),
  };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function texts(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(record(value)).map(([name, content]) => [name, text(content)]));
}

/** An unquoted number or colon makes something else of what was meant as text. */
function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new TypeError(`docker-compose.yml holds ${JSON.stringify(value)} where a text belongs`);
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(text) : [];
}
