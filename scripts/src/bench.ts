/**
 * `npm run -s bench -- [--json] [--record] [--only NAME] [--kernels NAME] [--lanes N]`: how long a training step takes on the
 * standard workloads. The first step is held against the float64 reference before anything is timed; a workload that fails
 * is not timed, and the command ends with 1. `--record` also writes a file into bench/results.
 */
import process from 'node:process';
import { BENCH_USAGE, type BenchRequest, parseBenchArguments } from './bench/bench-request.ts';
import { writeRecord } from './bench/bench-results.ts';
import { type BenchRow, TABLE_HEAD, tableLine } from './bench/bench-row.ts';
import { checkoutNow, checkoutText } from './bench/checkout.ts';
import { faultMessage } from './bench/command-line.ts';
import { KNOWN_KERNELS, kernelSetsHere, lanesOf, nativeInstructions, peakFlops } from './bench/kernel-sets.ts';
import { machineText, thisMachine } from './bench/machine.ts';
import { measureCell } from './bench/measure-cell.ts';
import { WORKLOADS } from './bench/workloads.ts';
import { loadMnist } from './reproduce/mnist-training.ts';

const machine = thisMachine(nativeInstructions());
const [preferred, ...others] = kernelSetsHere();
const parsed = parseBenchArguments(process.argv.slice(2), {
  workloads: WORKLOADS.map(({ name }) => name),
  kernels: [preferred.name, ...others.map(({ name }) => name)],
  knownKernels: KNOWN_KERNELS,
  cores: machine.cores,
});
if (parsed.kind === 'request') {
  await bench(parsed.request);
} else {
  console.error(faultMessage('bench', parsed.faults, BENCH_USAGE));
  process.exitCode = 1;
}

async function bench({ json, record, only, kernels, lanes }: BenchRequest): Promise<void> {
  const checkout = checkoutNow();
  const kernelSet = others.find(({ name }) => name === kernels) ?? preferred;
  const peak = peakFlops(lanes);
  const where = { machine: machineText(machine), commit: checkoutText(checkout) };
  const context = { kernels: kernelSet.name, lanes, peakFlops: peak, ...where };
  const { train } = await loadMnist();
  const print = json ? () => {} : (line: string) => console.log(line);
  print(`${where.machine}; commit ${where.commit}`);
  print(peak === undefined ? 'no native kernels to measure the peak with' : `peak ${(peak / 1e9).toFixed(0)} GFLOP/s`);
  print(TABLE_HEAD);
  const rows: BenchRow[] = [];
  for (const workload of WORKLOADS) {
    if (only !== undefined && workload.name !== only) continue;
    for (const batch of workload.batches) {
      const cell = await measureCell({ workload, batch, kernelSet, lanes: lanesOf(lanes), dataset: train }, context);
      if (cell.kind === 'failed') {
        console.error(`bench: ${workload.name}, batch ${batch}, not timed: ${cell.reason}`);
        process.exitCode = 1;
        continue;
      }
      rows.push(cell.row);
      print(tableLine(cell.row, cell.checked, cell.steps));
    }
  }
  if (json) console.log(JSON.stringify(rows, null, 1));
  if (record && rows.length > 0) {
    const peakGflops = peak === undefined ? null : Number((peak / 1e9).toPrecision(4));
    const file = await writeRecord({ at: new Date().toISOString(), ...checkout, machine, peakGflops, rows });
    console.error(`bench: recorded in ${file}`);
  }
}
