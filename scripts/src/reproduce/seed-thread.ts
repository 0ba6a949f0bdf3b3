/** One seed of one experiment, in a thread of its own, so that seeds run side by side. */
import { parentPort, workerData } from 'node:worker_threads';
import { EXPERIMENTS } from './catalogue.ts';
import type { SeedOutcome } from './experiment.ts';

export interface SeedTask {
  readonly id: string;
  readonly seed: number;
}

export type SeedMessage =
  | { readonly kind: 'progress'; readonly line: string }
  | { readonly kind: 'ended'; readonly outcome: SeedOutcome };

const port = parentPort;
if (port === null) throw new Error('a seed runs in a worker thread');
// The parser of this border: only ./run-seeds.ts starts this file, with a SeedTask.
const { id, seed } = workerData as SeedTask;
const experiment = EXPERIMENTS.find((candidate) => candidate.id === id);
if (experiment === undefined) throw new Error(`no experiment ${id}`);
const send = (message: SeedMessage) => port.postMessage(message);
const outcome = await experiment.run(seed, (line) => send({ kind: 'progress', line }));
send({ kind: 'ended', outcome });
