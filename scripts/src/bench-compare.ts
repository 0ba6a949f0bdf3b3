/**
 * `npm run -s bench:compare -- A B [--rounds N] [--json] [...]`: is B faster than A? Each is checked out and set up in a
 * temporary folder and runs its own bench, in turn, A B A B, so that a machine that drifts does so for both.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { faultMessage } from './bench/command-line.ts';
import { COMPARE_USAGE, type CompareRequest, parseCompareArguments } from './bench/compare/compare-request.ts';
import { benchOnce, checkOut, commitOf, removeCheckout, type Side } from './bench/compare/side.ts';
import { type Comparison, compareRounds, type Round } from './bench/compare/verdict.ts';

const parsed = parseCompareArguments(process.argv.slice(2));
const faults = parsed.kind === 'faults' ? parsed.faults : unknownCommits(parsed.request);
if (parsed.kind === 'request' && faults.length === 0) {
  await compare(parsed.request);
} else {
  console.error(faultMessage('bench:compare', faults, COMPARE_USAGE));
  process.exitCode = 1;
}

function unknownCommits({ before, after }: CompareRequest): readonly string[] {
  return [before, after].flatMap((given) => {
    try {
      if (given !== '.') commitOf(given);
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  });
}

async function compare({ before, after, rounds: count, json, benchArguments }: CompareRequest): Promise<void> {
  // It reaches the bench that runs as well, whose end then lets this command put its folders away.
  process.once('SIGINT', () => {});
  const folder = await mkdtemp(path.join(tmpdir(), 'settle-compare-'));
  const sides: Side[] = [];
  try {
    const first = await checkOut(before, folder, 'a');
    sides.push(first);
    const second = await checkOut(after, folder, 'b');
    sides.push(second);
    const rounds: Round[] = [];
    for (let round = 1; round <= count; round++) {
      console.error(`bench:compare: round ${round} of ${count}`);
      rounds.push({ before: await benchOnce(first, benchArguments), after: await benchOnce(second, benchArguments) });
    }
    const comparisons = compareRounds(rounds);
    if (json) console.log(JSON.stringify({ before, after, rounds: count, comparisons }, null, 1));
    else for (const line of table(before, after, comparisons)) console.log(line);
  } finally {
    for (const side of sides) removeCheckout(side);
    await rm(folder, { recursive: true, force: true });
  }
}

function table(before: string, after: string, comparisons: readonly Comparison[]): readonly string[] {
  return [
    `ms per step of ${before} and of ${after}; ratio: after by before, median of the rounds; ± their whole spread`,
    ...comparisons.map(({ workload, batch, kernels, beforeMs, afterMs, ratio, spread, verdict }) =>
      [
        workload.padEnd(14),
        String(batch).padStart(4),
        kernels.padStart(16),
        beforeMs.toPrecision(4).padStart(10),
        afterMs.toPrecision(4).padStart(10),
        `${ratio.toFixed(3)} ± ${spread.toFixed(3)}`.padStart(18),
        `  ${verdict}`,
      ].join(''),
    ),
  ];
}
