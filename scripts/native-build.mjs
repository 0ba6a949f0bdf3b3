/**
 * Compiles the native kernels with whatever C++ compiler the machine has, and never downloads anything. What is missing or
 * goes wrong is an answer, not a failure: WebAssembly computes then.
 *
 * The list of sources is the folder: each *.cpp becomes one object, those named engine*.cpp one per instruction set.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const SOURCES = 'packages/core/src/kernels/native/cpp';
const HEADER = 'packages/core/src/kernels/native/generated/words.hpp';
const WORDS = 'packages/core/src/kernels/compiled/words.ts';
const NATIVE_BUILD = 'packages/native/build/settle-kernels.node';
export const SANITIZED_BUILD = 'packages/native/build/settle-kernels-sanitize.node';
/** Holds the reason why there is no build; read where kernels are loaded. */
const ABSENT = 'packages/native/build/absent.txt';

const FLAGS = [
  ...['-std=c++20', '-fPIC', '-fvisibility=hidden', '-pthread', '-DNAPI_VERSION=8'],
  ...['-fno-math-errno', '-fno-trapping-math', '-ffp-contract=off', '-Wall', '-Wextra'],
  // GCC 12 sees uninitialized registers in its own headers.
  '-Wno-uninitialized',
  '-Wno-maybe-uninitialized',
];
const FAST = ['-O3'];
const SANITIZED = ['-O1', '-g', '-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover'];

/** By processor: what engines are compiled for, and the flags of each. The addon chooses among them when it is loaded. */
const INSTRUCTION_SETS = {
  x64: {
    avx512: ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mfma', '-mavx2'],
    avx2: ['-mavx2', '-mfma'],
  },
  arm64: { neon: [] },
};

/** `none`: why nothing can be compiled here. */
export function findToolchain(environment = process.env) {
  if (INSTRUCTION_SETS[process.arch] === undefined)
    return { kind: 'none', reason: `none are written for ${process.arch}` };
  const compiler = findCompiler(environment);
  if (compiler === undefined) return { kind: 'none', reason: 'there is no C++ compiler (CXX, c++, g++ or clang++)' };
  const headers = headerFolders(environment).find((folder) => existsSync(path.join(folder, 'node_api.h')));
  if (headers === undefined)
    return { kind: 'none', reason: `the headers of Node ${process.versions.node} are not here` };
  return { kind: 'found', ...compiler, headers };
}

/**
 * The step of set-up: builds unless this very build, or the finding that there can be none, is there already. `stamp`: the
 * file that remembers. Says with `note` what it does, and in one line why not.
 */
export async function ensureNative({ root, stamp, environment, note }) {
  if (environment.SETTLE_NATIVE === 'off') return;
  const toolchain = findToolchain(environment);
  const digest = digestOf(root, toolchain);
  const hasOutcome = [NATIVE_BUILD, ABSENT].some((file) => existsSync(path.join(root, file)));
  if (hasOutcome && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  const began = performance.now();
  if (toolchain.kind === 'found') note('building the native kernels ...');
  const outcome = await buildNative(root, toolchain);
  if (outcome.kind === 'absent') {
    writeFileSync(path.join(root, ABSENT), outcome.reason);
    note(`no native kernels: ${outcome.reason}; WebAssembly kernels will be used`);
  } else {
    rmSync(path.join(root, ABSENT), { force: true });
    note(`building the native kernels: ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  }
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
}

/** Of all that a build is made from and by: another compiler, or one at last, is a reason to build again. */
function digestOf(root, toolchain) {
  const hash = createHash('sha256').update(
    JSON.stringify([process.platform, process.arch, process.version, toolchain]),
  );
  for (const file of [WORDS, ...cppFiles(root).map((name) => `${SOURCES}/${name}`)]) {
    hash.update(file).update(readFileSync(path.join(root, file)));
  }
  return hash.update(readFileSync(fileURLToPath(import.meta.url))).digest('hex');
}

/**
 * Builds `output` below `root`, a SHA-256 beside it, so that half a file is never loaded. Answers with `built` or with
 * `absent` and one line of why; what the compiler said is in messages.txt beside it.
 */
export async function buildNative(root, toolchain, { output = NATIVE_BUILD, sanitize = false } = {}) {
  const target = path.join(root, output);
  const folder = path.dirname(target);
  mkdirSync(folder, { recursive: true });
  // Two commands may set up at once.
  const objects = mkdtempSync(path.join(folder, 'objects-'));
  try {
    const outcome = await compileAndLink(root, toolchain, { target, objects, extra: sanitize ? SANITIZED : FAST });
    if (outcome.kind === 'absent') rmSync(target, { force: true });
    return outcome;
  } finally {
    rmSync(objects, { recursive: true });
  }
}

async function compileAndLink(root, toolchain, { target, objects, extra }) {
  if (toolchain.kind === 'none') return absent(toolchain.reason);
  const units = compilations(cppFiles(root));
  if (units.length === 0) return absent('their sources are not here');
  const generated = path.join(root, HEADER);
  mkdirSync(path.dirname(generated), { recursive: true });
  writeFileSync(generated, wordsHeader(readFileSync(path.join(root, WORDS), 'utf8')));

  const flags = [...FLAGS, ...extra];
  const includes = [path.join(root, SOURCES), path.dirname(generated)].flatMap((folder) => ['-I', folder]);
  // Not ours, so its warnings are not for us.
  includes.push('-isystem', toolchain.headers);
  const compiled = await inParallel(
    units.map(({ source, object, defines }) => async () => {
      const file = path.join(root, SOURCES, source);
      const args = [...flags, ...defines, ...includes, '-c', file, '-o', path.join(objects, object)];
      return { object, ...(await run(toolchain.command, args)) };
    }),
  );
  writeFileSync(path.join(path.dirname(target), 'messages.txt'), compiled.map(({ messages }) => messages).join(''));
  const broken = compiled.find(({ succeeded }) => !succeeded);
  if (broken !== undefined) return absent(`${broken.object}: ${firstError(broken.messages)}`);

  const temporary = path.join(objects, path.basename(target));
  const linked = await run(toolchain.command, [
    ...flags,
    '-shared',
    ...(process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : []),
    // The narrowest first: of a library's function that several objects bring along the first is taken, and must run anywhere.
    ...units.map(({ object }) => path.join(objects, object)).reverse(),
    ...['-o', temporary],
  ]);
  if (!linked.succeeded) return absent(`linking: ${firstError(linked.messages)}`);
  writeFileSync(`${target}.sha256`, createHash('sha256').update(readFileSync(temporary)).digest('hex'));
  // A process that has the old one loaded keeps it: its file is replaced and not written to.
  renameSync(temporary, target);
  return { kind: 'built' };
}

/** One per object, the long ones first. */
function compilations(sources) {
  const engines = sources.filter((name) => name.startsWith('engine') && name.endsWith('.cpp'));
  const others = sources.filter((name) => !name.startsWith('engine') && name.endsWith('.cpp'));
  const object = (source, suffix) => `${path.basename(source, '.cpp')}${suffix}.o`;
  return [
    ...Object.entries(INSTRUCTION_SETS[process.arch]).flatMap(([name, flags]) =>
      engines.map((source) => ({
        source,
        object: object(source, `-${name}`),
        defines: [`-DSETTLE_ISA=${name}`, ...flags],
      })),
    ),
    ...others.map((source) => ({ source, object: object(source, ''), defines: [] })),
  ];
}

/** The lines `export const NAME = number;` of ../packages/core/src/kernels/compiled/words.ts, as C++ has them. */
export function wordsHeader(words) {
  const lines = [...words.matchAll(/^export const (\w+) = (-?\d+);$/gm)].map(
    ([, name, value]) => `constexpr int ${name} = ${value};`,
  );
  const place = `// Made by set-up from ${WORDS}.`;
  return [place, '#pragma once', '', ...lines, ''].join('\n');
}

function cppFiles(root) {
  const folder = path.join(root, SOURCES);
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /[.](cpp|hpp)$/.test(name))
        .sort()
    : [];
}

/** CXX may hold arguments: `ccache g++`. */
function findCompiler(environment) {
  const named = environment.CXX ? [environment.CXX] : ['c++', 'g++', 'clang++'];
  for (const text of named) {
    const [command, ...args] = text.split(' ').filter((word) => word !== '');
    const { status, stdout } = spawnSync(command, [...args, '--version'], { encoding: 'utf8', env: environment });
    if (status === 0) return { command: text, version: stdout.split('\n')[0] };
  }
  return undefined;
}

/** Where the headers of this very Node may be. */
function headerFolders(environment) {
  const besideNode = [process.execPath, realpathSync(process.execPath)].map((file) =>
    path.join(file, '../../include/node'),
  );
  const told = environment.npm_config_nodedir;
  const cached = path.join('node-gyp', process.versions.node, 'include/node');
  return [
    ...besideNode,
    ...(told ? [path.join(told, 'include/node'), path.join(told, 'src')] : []),
    ...['/usr/include/node', '/usr/local/include/node'],
    ...['.cache', 'Library/Caches'].map((folder) => path.join(homedir(), folder, cached)),
  ];
}

async function inParallel(tasks) {
  const results = new Array(tasks.length);
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < tasks.length; at = next++) results[at] = await tasks[at]();
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), tasks.length) }, worker));
  return results;
}

function run(command, args) {
  const [program, ...first] = command.split(' ').filter((word) => word !== '');
  return new Promise((resolve) => {
    const child = spawn(program, [...first, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let messages = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        messages += text;
      });
    }
    child.on('error', (error) => resolve({ succeeded: false, messages: error.message }));
    child.on('close', (status) => resolve({ succeeded: status === 0, messages }));
  });
}

/** One line of what a compiler said. */
function firstError(messages) {
  const lines = messages.split('\n').filter((line) => line.trim() !== '');
  return (lines.find((line) => /error|undefined/i.test(line)) ?? lines[0] ?? 'the compiler failed')
    .trim()
    .slice(0, 300);
}

function absent(reason) {
  return { kind: 'absent', reason };
}
