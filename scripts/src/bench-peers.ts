/**
 * `npm run -s bench:peers [-- --only NAME] [--rounds N] [--json]`: our step and the hand-written PyTorch step of
 * bench/peers/hand_written_step.py, workload by workload and in turn, so that a machine that drifts does so for both. Needs a Python with
 * PyTorch: `python3`, or what PYTHON names.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { checkoutNow } from './bench/checkout.ts';
import { faultMessage, readOptions, wholeNumber } from './bench/command-line.ts';
import { thisMachine } from './bench/machine.ts';
import { type PeerRatio, type PeerTiming, peerRatios, timingsIn } from './bench/peers/peer-ratio.ts';
import { projectRoot } from './stack/project-root.ts';

const USAGE = 'usage: npm run -s bench:peers [-- --only NAME] [--rounds NUMBER (3)] [--json] [--record]';
const WORKLOADS = ['p-512', 'p-512-short', 'e-500', 'p-512x2', 'p-1024x5', 'conv-mnist', 'bp-512'];
const PEER = path.join(projectRoot, 'bench', 'peers', 'hand_written_step.py');
const OURS = fileURLToPath(new URL('./bench.js', import.meta.url));

const faults: string[] = [];
const line = readOptions(
  process.argv.slice(2),
  { json: 'flag', record: 'flag', only: 'value', rounds: 'value' },
  faults,
);
const rounds = wholeNumber(line, 'rounds', [1, 100], 3, faults);
const only = line.values.get('only');
const workloads = only === undefined ? WORKLOADS : WORKLOADS.filter((name) => name === only);
if (workloads.length === 0) faults.push(`no peer of ${only}: ${WORKLOADS.join(', ')}`);

if (faults.length > 0) {
  console.error(faultMessage('bench:peers', faults, USAGE));
  process.exitCode = 1;
} else {
  const timings: PeerTiming[] = [];
  for (const workload of workloads) {
    for (let round = 1; round <= rounds; round++) {
      console.error(`bench:peers: ${workload}, round ${round} of ${rounds}`);
      for (const kernels of ['native', 'wasm']) {
        const lanes = String(availableParallelism());
        timings.push(
          ...timed(process.execPath, [OURS, '--json', '--only', workload, '--kernels', kernels, '--lanes', lanes]),
        );
      }
      timings.push(...timed(process.env.PYTHON ?? 'python3', [PEER, '--json', '--only', workload]));
    }
  }
  const ratios = peerRatios(timings);
  if (line.flags.has('json')) console.log(JSON.stringify(ratios, null, 1));
  else for (const row of table(ratios)) console.log(row);
  if (line.flags.has('record')) await record(ratios);
}

function timed(command: string, args: readonly string[]): readonly PeerTiming[] {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined || status !== 0) throw new Error(error?.message ?? stderr);
  return timingsIn(JSON.parse(stdout));
}

async function record(ratios: readonly PeerRatio[]): Promise<void> {
  const about = { at: new Date().toISOString(), machine: thisMachine(), ...checkoutNow(), rounds };
  const file = path.join('bench', 'results', `peers-${about.at.slice(0, 16).replaceAll(':', '')}.json`);
  await mkdir(path.join(projectRoot, path.dirname(file)), { recursive: true });
  await writeFile(path.join(projectRoot, file), `${JSON.stringify({ ...about, ratios }, null, 2)}\n`);
  console.error(`bench:peers: recorded in ${file}`);
}

function table(ratios: readonly PeerRatio[]): readonly string[] {
  return [
    'median ms per step, best round of each; ratio: the peer by ours',
    ...ratios.map(({ workload, batch, peer, peerMs, kernels, ourMs, ratio }) =>
      [
        workload.padEnd(14),
        String(batch).padStart(4),
        kernels.padStart(8),
        ourMs.toPrecision(4).padStart(10),
        `  ${peer}`.padEnd(26),
        peerMs.toPrecision(4).padStart(10),
        ratio.toFixed(2).padStart(8),
      ].join(''),
    ),
  ];
}
