/** A trainer whose lease is lost is ended at once, in whatever kernels it is: the phase it is in would take many minutes. */
import { pathToFileURL } from 'node:url';
import { validateJob } from '@settle/contracts';
import { expect, it } from 'vitest';
import { prepare } from '../../apps/worker/src/supervisor/preparation.ts';
import type { startTrainer } from '../../apps/worker/src/supervisor/trainer.ts';
import { listDataset } from '../../apps/worker/src/trainer/dataset-lists.ts';
import type { TrainerInput } from '../../apps/worker/src/trainer/messages.ts';
import { TINY_JOB, tinyDataset } from '../tiny-dataset.ts';

/** By then a trainer has built its network and is inside the first phase. */
const BEGUN_MS = 4_000;
const ENDLESS = {
  ...TINY_JOB,
  network: { layers: [16, 1_000, 1_000, 2] },
  settling: { free_steps: 100_000 },
  training: { epochs: 1, batch_size: 40, learning_rates: [0, 0, 0] },
};

function shared(values: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const copy = new Uint8Array(new SharedArrayBuffer(values.length));
  copy.set(values);
  return copy;
}

function inputOf(job: object): TrainerInput {
  const validation = validateJob(job, 'unchecked');
  if (validation.kind === 'invalid') throw new Error(JSON.stringify(validation.faults));
  const { spec } = validation;
  const { name, classes, ...files } = tinyDataset();
  const dataset = {
    name,
    classes,
    trainImages: shared(files.trainImages),
    trainLabels: shared(files.trainLabels),
    testImages: shared(files.testImages),
    testLabels: shared(files.testLabels),
  };
  const prepared = prepare(spec, dataset, undefined);
  if (prepared.kind !== 'prepared') throw new Error(JSON.stringify(prepared.ending));
  return {
    spec,
    dataset,
    lists: listDataset(dataset),
    kernels: prepared.kernels,
    lanes: spec.lanes,
    memory: prepared.memory,
    resumeFrom: undefined,
    acknowledged: new Int32Array(new SharedArrayBuffer(4)),
  };
}

it.each([
  ['the fastest kernels', {}],
  ['three lanes of the fastest kernels', { lanes: 3 }],
  ['the wasm kernels', { determinism: 'portable' }],
  ['three lanes of the wasm kernels', { determinism: 'portable', lanes: 3 }],
])('in the middle of a phase of %s', async (_, how) => {
  // As built, because it starts a thread by the name of a file beside it.
  const built = new URL('../../apps/worker/dist/supervisor/trainer.js', pathToFileURL(`${import.meta.dirname}/`));
  const { startTrainer: start } = (await import(built.href)) as { readonly startTrainer: typeof startTrainer };
  const messages: string[] = [];
  const trainer = start(inputOf({ ...ENDLESS, ...how }), ({ kind }) => messages.push(kind));
  await new Promise((resolve) => setTimeout(resolve, BEGUN_MS));
  trainer.terminate();
  expect(await trainer.ended).toEqual({ kind: 'terminated', request: 'hand-back' });
  expect(messages).not.toContain('batches');
});
