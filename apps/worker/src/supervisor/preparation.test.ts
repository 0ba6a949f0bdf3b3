import { type JobSpec, validateJob } from '@settle/contracts';
import { decodeCheckpoint, wasmKernels } from '@settle/core';
import { describe, expect, it } from 'vitest';
import { tinyDataset, tinyJob } from '../../../../testing/tiny-dataset.ts';
import { NO_LISTS } from '../trainer/dataset-lists.ts';
import { kernelsNamed } from '../trainer/kernels.ts';
import { methodOf } from '../trainer/recipes.ts';
import { openJobSession } from '../trainer/session.ts';
import { jobMemory, mostBytes } from './job-memory.ts';
import { prepare } from './preparation.ts';

const trainLabels = shared(tinyDataset().trainLabels);

function shared(values: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const copy = new Uint8Array(new SharedArrayBuffer(values.length));
  copy.set(values);
  return copy;
}

function specOf(recipe: Parameters<typeof tinyJob>[0], more: { settling?: object; training?: object } = {}): JobSpec {
  const job = tinyJob(recipe);
  const body = { ...job, settling: more.settling ?? {}, training: { ...job.training, ...more.training } };
  const validation = validateJob(
    recipe === 'backpropagation' ? { ...job, training: body.training } : body,
    'unchecked',
  );
  if (validation.kind === 'invalid') throw new Error(JSON.stringify(validation.faults));
  return validation.spec;
}

describe('jobMemory', () => {
  const rows = { samples: 40, batchSize: 4 };

  it.each([
    ['ep', {}],
    ['ep', { settling: { initial_states: 'persistent' }, training: { optimizer: { kind: 'adam' } } }],
    ['convolutional-ep', { settling: { initial_states: 'previous-batch' } }],
    ['backpropagation', { training: { optimizer: { kind: 'momentum' } } }],
  ] as const)('counts the states that %s carries, and its checkpoint to the byte, with %j', (recipe, more) => {
    const spec = specOf(recipe, more);
    const prepared = prepare(spec, { trainLabels }, undefined);
    if (prepared.kind !== 'prepared') throw new Error(JSON.stringify(prepared.ending));
    const files = tinyDataset();
    const dataset = {
      name: files.name,
      classes: files.classes,
      trainImages: shared(files.trainImages),
      trainLabels,
      testImages: shared(files.testImages),
      testLabels: shared(files.testLabels),
    };
    const { kernels, memory } = prepared;
    const acknowledged = new Int32Array(new SharedArrayBuffer(4));
    const beginning = { resumeFrom: undefined, lists: NO_LISTS, lanes: 1 } as const;
    const training = openJobSession({ ...beginning, spec, dataset, kernels, memory, acknowledged });
    let file = new Uint8Array();
    for (const event of training) if (event.kind === 'checkpoint') file = event.file.slice();
    const { parameters, optimizerBuffers, carriedStates } = decodeCheckpoint(file);
    const bytes = (values: readonly { readonly byteLength: number }[]) =>
      values.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const saved = [parameters, ...optimizerBuffers].flatMap(({ weights, biases, feedback }) =>
      [weights, biases, feedback].flat(),
    );
    expect(jobMemory(methodOf(spec), kernelsNamed(kernels), rows).besideBytes).toBe(
      bytes(saved) + 2 * bytes(carriedStates),
    );
  });

  it('knows a machine with memory', () => {
    expect(mostBytes()).toBeGreaterThan(2 ** 20);
    expect(Number.isFinite(mostBytes())).toBe(true);
  });
});

describe('prepare', () => {
  it('trains on what is not held out', () => {
    expect(prepare(specOf('ep'), { trainLabels }, undefined)).toMatchObject({ kind: 'prepared', trainSamples: 40 });
  });

  it('refuses a job whose states and checkpoint need more than there is, although its arena has room', () => {
    const persistent = {
      ...specOf('ep', { settling: { initial_states: 'persistent' } }),
      determinism: 'portable',
    } as const;
    const { arenaBytes, besideBytes } = jobMemory(methodOf(persistent), wasmKernels, { samples: 40, batchSize: 4 });
    const all = arenaBytes + besideBytes;
    expect(prepare(persistent, { trainLabels }, undefined, all)).toMatchObject({ kind: 'prepared' });
    expect(prepare(persistent, { trainLabels }, undefined, all - 1)).toMatchObject({
      kind: 'refused',
      ending: { failure: { code: 'out_of_memory', message: `the job needs ${all} bytes of memory` } },
    });
  });

  it('refuses what no trainer could begin with', () => {
    const refused = { kind: 'refused', ending: { failure: { code: 'job_not_runnable' } } };
    expect(prepare(specOf('ep'), { trainLabels }, new Uint8Array(3))).toMatchObject(refused);
    expect(prepare(specOf('ep'), { trainLabels: shared(new Uint8Array(3)) }, undefined)).toMatchObject(refused);
  });
});
