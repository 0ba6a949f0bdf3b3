/** Runs the seeds of an experiment, as many at a time as there are cores. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { SeedOutcome } from './experiment.ts';
import type { SeedMessage, SeedTask } from './seed-thread.ts';

/** Outcomes in the order of the seeds, whichever ends first. */
export async function runSeeds(
  id: string,
  seeds: readonly number[],
  report: (line: string) => void,
): Promise<readonly SeedOutcome[]> {
  const outcomes = new Map<number, SeedOutcome>();
  const waiting = [...seeds];
  const lane = async () => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      outcomes.set(seed, await runSeed({ id, seed }, report));
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), seeds.length) }, lane));
  return seeds.map((seed) => outcomes.get(seed) ?? { kind: 'failed', reason: 'did not run' });
}

function runSeed(task: SeedTask, report: (line: string) => void): Promise<SeedOutcome> {
  const thread = new Worker(new URL('./seed-thread.js', import.meta.url), { workerData: task });
  return new Promise((resolve) => {
    thread.on('message', (message: SeedMessage) => {
      if (message.kind === 'progress') report(message.line);
      else resolve(message.outcome);
    });
    thread.once('error', (error) => resolve({ kind: 'failed', reason: error.message }));
    thread.once('exit', (code) => resolve({ kind: 'failed', reason: `the thread ended with code ${code}` }));
  });
}
