/**
 * Brings a fresh clone to the point where everything runs, with nothing but Node and npm: dependencies, the Prisma
 * client, the WebAssembly kernels, the native ones where there is a C++ compiler, the compiled packages. Each step is
 * skipped when its inputs have not changed, so every other command may start with this one. All output goes to stderr,
 * because stdout belongs to the command.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ensureNative } from './native-build.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const stamps = path.join(root, 'node_modules', '.settle');

checkNode();
step({
  name: 'dependencies',
  what: 'installing dependencies',
  inputs: ['package-lock.json', ...manifests()],
  outputs: ['node_modules/.package-lock.json'],
  run: () => runNpm(['ci', '--ignore-scripts', '--no-audit', '--no-fund']),
});
step({
  name: 'prisma-client',
  what: 'generating the Prisma client',
  inputs: ['prisma/schema.prisma', 'prisma.config.ts', 'package-lock.json'],
  outputs: ['packages/store/src/generated/prisma/client.ts'],
  // Prisma looks for its native schema engine before any command and fails where it cannot be downloaded; `generate`
  // never runs it, so any executable will do in its place.
  run: () =>
    runTool('prisma/build/index.js', ['generate'], {
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    }),
});
step({
  name: 'kernels',
  what: 'building the WebAssembly kernels',
  inputs: [
    ...files('packages/core/src/kernels/wasm/assembly'),
    'packages/core/src/kernels/wasm/meeting-place.ts',
    'packages/core/src/kernels/compiled/words.ts',
    'scripts/setup.mjs',
  ],
  outputs: ['packages/core/src/kernels/wasm/generated/binary.ts'],
  run: buildKernels,
});
await ensureNative({
  root,
  stamp: path.join(stamps, 'native'),
  environment: process.env,
  note: (line) => process.stderr.write(`settle: ${line}\n`),
});
step({
  name: 'build',
  what: 'compiling the packages',
  inputs: [...sources(), 'tsconfig.json', 'tsconfig.base.json', ...manifests()],
  outputs: ['apps/api/dist', 'apps/worker/dist', 'scripts/dist'],
  run: () => runTool('typescript/bin/tsc', ['-b']),
});

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if ((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24) return;
  fail(`Settle needs Node 20.19+, 22.12+ or 24+; this is ${process.version}`);
}

/** Runs `run` unless the outputs exist and were made from these very inputs. */
function step({ name, what, inputs, outputs, run }) {
  const stamp = path.join(stamps, name);
  const digest = digestOf(inputs);
  const upToDate =
    outputs.every((output) => existsSync(path.join(root, output))) &&
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === digest;
  if (upToDate) return;
  const began = performance.now();
  process.stderr.write(`settle: ${what} ...\n`);
  run();
  mkdirSync(stamps, { recursive: true });
  writeFileSync(stamp, digest);
  process.stderr.write(`settle: ${what}: ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
}

function buildKernels() {
  const folder = path.join(root, 'packages/core/src/kernels/wasm');
  const binary = path.join(folder, 'generated', 'kernels.wasm');
  mkdirSync(path.dirname(binary), { recursive: true });
  runTool('assemblyscript/bin/asc.js', [
    path.join('packages', 'core', 'src', 'kernels', 'wasm', 'assembly', 'index.ts'),
    '-O3',
    '--noAssert',
    ...['--runtime', 'stub'],
    ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
    ...['--enable', 'simd,threads'],
    // Below 1024 lies the control block of the arena (packages/core/src/tensor/control-block.ts).
    ...['--memoryBase', '1024'],
    ...['--outFile', path.relative(root, binary)],
  ]);
  const base64 = readFileSync(binary).toString('base64');
  // A module, not a file to be read: core does no I/O.
  writeFileSync(path.join(folder, 'generated', 'binary.ts'), `export const WASM_BASE64 =\n  '${base64}';\n`);
  rmSync(binary);
}

/** A tool of node_modules, run by this Node: no shell, so that a path with spaces is an ordinary path. */
function runTool(entry, args, environment = {}) {
  run(process.execPath, [path.join(root, 'node_modules', entry), ...args], environment);
}

function runNpm(args) {
  const npm = process.env.npm_execpath;
  if (npm?.endsWith('.js')) run(process.execPath, [npm, ...args]);
  else run('npm', args);
}

function run(command, args, environment = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...environment },
  });
  if (error) fail(error.message);
  if (status !== 0) fail(`${path.basename(args[0] ?? command)} ended with status ${status}`);
}

function fail(message) {
  process.stderr.write(`settle: ${message}\n`);
  process.exit(1);
}

function manifests() {
  return ['package.json', ...workspaces().map((folder) => path.join(folder, 'package.json'))];
}

function workspaces() {
  const inside = (parent) => readdirSync(path.join(root, parent)).map((name) => path.join(parent, name));
  return [...inside('packages'), ...inside('apps'), 'scripts'].filter((folder) =>
    existsSync(path.join(root, folder, 'package.json')),
  );
}

function sources() {
  return workspaces().flatMap((folder) => [
    ...files(path.join(folder, 'src')).filter((file) => !/[.][ch]pp$/.test(file)),
    path.join(folder, 'tsconfig.json'),
  ]);
}

function files(folder) {
  const absolute = path.join(root, folder);
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { recursive: true })
    .map((name) => path.join(folder, String(name)))
    .filter((file) => statSync(path.join(root, file)).isFile())
    .sort();
}

function digestOf(inputs) {
  const hash = createHash('sha256').update(process.version);
  for (const input of inputs) {
    hash.update(input);
    const file = path.join(root, input);
    if (existsSync(file)) hash.update(readFileSync(file));
  }
  return hash.digest('hex');
}
