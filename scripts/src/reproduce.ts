/**
 * `npm run -s reproduce -- <id> [--seeds n] [--json]`: measures a published number again, prints it beside the published
 * one, and appends it to docs/reproduce/results.json. Without an id it lists what can be measured.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { EXPERIMENTS } from './reproduce/catalogue.ts';
import type { Experiment } from './reproduce/experiment.ts';
import { appendRecord, type Reproduction, summarize } from './reproduce/record.ts';
import { runSeeds } from './reproduce/run-seeds.ts';

const DEFAULT_SEEDS = '3';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: 'string', default: DEFAULT_SEEDS }, json: { type: 'boolean', default: false } },
});
const [id, ...rest] = positionals;
const experiment = EXPERIMENTS.find((candidate) => candidate.id === id);
const seeds = Number(values.seeds);

if (id === undefined) {
  for (const { id: name, source, published } of EXPERIMENTS)
    console.log(`${name}\n  ${source}\n  published: ${published ?? 'no figure'}`);
} else if (experiment === undefined || rest.length > 0) {
  fail(`No experiment ${JSON.stringify(positionals.join(' '))}. There are: ${EXPERIMENTS.map((e) => e.id).join(', ')}`);
} else if (!Number.isInteger(seeds) || seeds < 1 || seeds > 100) {
  fail(`--seeds takes a whole number from 1 to 100, not ${JSON.stringify(values.seeds)}`);
} else {
  const reproduction = await reproduce(experiment, seeds);
  // Printed first: what was measured must not be lost with the record.
  console.log(values.json ? JSON.stringify(reproduction) : describe(reproduction));
  await appendRecord(reproduction);
  process.exitCode = reproduction.pass ? 0 : 1;
}

async function reproduce(chosen: Experiment, count: number): Promise<Reproduction> {
  const began = performance.now();
  const numbers = Array.from({ length: count }, (_, k) => k + 1);
  console.error(`${chosen.id}: seeds 1 to ${count}, about ${chosen.expectedMinutes} min for each on one core`);
  const outcomes = await runSeeds(chosen.id, numbers, (line) => console.error(line));
  return summarize(chosen, outcomes, (performance.now() - began) / 1000);
}

function describe({ id: name, quantity, published, accept, measured, mean, failures, pass }: Reproduction): string {
  return [
    `${name}: ${quantity}`,
    `  published  ${published ?? 'no figure for these settings'}; accepted from ${accept[0]} to ${accept[1]}`,
    `  measured   ${measured.map((value) => value ?? 'failed').join(', ')}${mean === null ? '' : `; mean ${mean}`}`,
    ...failures.map((reason) => `  a seed failed: ${reason}`),
    `  ${pass ? 'passes' : 'does not pass'}`,
  ].join('\n');
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 2;
}
