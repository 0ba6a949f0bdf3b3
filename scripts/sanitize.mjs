/**
 * `npm run -s sanitize`: the tests of the kernels with native ones that watch every access to memory. Takes a compiler that
 * has AddressSanitizer as a library that can be loaded first, as g++ has on Linux.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildNative, findToolchain, SANITIZED_BUILD } from './native-build.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const LIBRARY = 'libasan.so';

await import('./setup.mjs');
const toolchain = findToolchain();
if (toolchain.kind === 'none') fail(toolchain.reason);
const library = libraryOf(toolchain.command);
process.stderr.write('settle: building the native kernels with AddressSanitizer ...\n');
const built = await buildNative(root, toolchain, { output: SANITIZED_BUILD, sanitize: true });
if (built.kind === 'absent') fail(built.reason);
const folders = process.argv.length > 2 ? process.argv.slice(2) : ['packages/core/src/kernels', 'packages/native/src'];
const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'units', ...folders], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    LD_PRELOAD: library,
    // Node itself leaves memory to the end of its process.
    ASAN_OPTIONS: 'detect_leaks=0',
    UBSAN_OPTIONS: 'print_stacktrace=1',
    SETTLE_NATIVE: '',
    SETTLE_NATIVE_BUILD: path.join(root, SANITIZED_BUILD),
    // Tests that would find nothing native fail instead.
    SETTLE_NATIVE_REQUIRED: 'yes',
  },
});
process.exit(status ?? 1);

function libraryOf(command) {
  const [program, ...args] = command.split(' ');
  const { stdout } = spawnSync(program, [...args, `-print-file-name=${LIBRARY}`], { encoding: 'utf8' });
  const file = (stdout ?? '').trim();
  // A compiler that has none answers with the bare name.
  if (!path.isAbsolute(file) || !existsSync(file)) fail(`${command} has no ${LIBRARY}`);
  return file;
}

function fail(reason) {
  process.stderr.write(`settle: nothing was sanitized: ${reason}\n`);
  process.exit(1);
}
