import { type JobSpec, type RecipeName, validateJob } from '@settle/contracts';
import {
  createArenaMemory,
  datasetFromIdx,
  type KernelSet,
  openSession,
  referenceKernels,
  sessionBytes,
  wasmKernels,
} from '@settle/core';
import { describe, expect, it } from 'vitest';
import { tinyDataset, tinyJob } from '../../../../testing/tiny-dataset.ts';
import { prepare } from '../supervisor/preparation.ts';
import { kernelsFor, kernelsNamed } from './kernels.ts';
import { methodOf } from './recipes.ts';
import { openJobSession } from './session.ts';

function specOf(recipe: RecipeName): JobSpec {
  const validation = validateJob(tinyJob(recipe), 'unchecked');
  if (validation.kind === 'invalid') throw new Error(JSON.stringify(validation.faults));
  return validation.spec;
}

/** A checkpoint after one epoch of `recipe` by `kernelSet`. */
function checkpointBy(kernelSet: KernelSet, recipe: RecipeName): Uint8Array {
  const method = methodOf(specOf(recipe));
  const { name, classes, trainImages, trainLabels, testImages, testLabels } = tinyDataset();
  const training = openSession({
    method,
    kernelSet,
    reference: referenceKernels,
    memory: createArenaMemory(sessionBytes(method, kernelSet, 4)),
    train: datasetFromIdx(name, trainImages, trainLabels, classes),
    validation: undefined,
    test: datasetFromIdx(name, testImages, testLabels, classes),
    preparation: {},
    seed: 1,
    epochs: 1,
    batchSize: 4,
    checkpointEveryEpochs: 1,
    earlyStopping: undefined,
    diagnostics: { everyEpochs: 0, gradientCosine: false },
    resumeFrom: undefined,
  });
  for (const event of training) if (event.kind === 'checkpoint') return event.file.slice();
  throw new Error('no checkpoint');
}

function shared(values: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const copy = new Uint8Array(new SharedArrayBuffer(values.length));
  copy.set(values);
  return copy;
}

const { name, classes, ...files } = tinyDataset();
const dataset = {
  name,
  classes,
  trainImages: shared(files.trainImages),
  trainLabels: shared(files.trainLabels),
  testImages: shared(files.testImages),
  testLabels: shared(files.testLabels),
};

describe('kernelsFor', () => {
  it('begins with the fastest set that lacks nothing', () => {
    expect(kernelsFor(methodOf(specOf('ep')), undefined)).toBe(wasmKernels);
    expect(kernelsFor(methodOf(specOf('holomorphic-ep')), undefined)).toBe(referenceKernels);
  });

  it.each([referenceKernels, wasmKernels])('goes on with the set of the checkpoint, $name', (set) => {
    expect(kernelsFor(methodOf(specOf('ep')), checkpointBy(set, 'ep'))).toBe(set);
  });

  it('goes on with a set that can, where that of the checkpoint cannot', () => {
    const method = methodOf(specOf('holomorphic-ep'));
    expect(kernelsFor(method, checkpointBy(wasmKernels, 'ep'))).toBe(referenceKernels);
  });

  it('refuses what is no checkpoint', () => {
    expect(() => kernelsFor(methodOf(specOf('ep')), new Uint8Array(100))).toThrow();
    expect(() => kernelsNamed('abacus')).toThrow(RangeError);
  });
});

it.each([referenceKernels, wasmKernels])(
  'a job goes on from a checkpoint of the $name set, in the memory and with the kernels that were prepared for it',
  (set) => {
    const spec = specOf('ep');
    const resumeFrom = checkpointBy(set, 'ep');
    const prepared = prepare(spec, dataset, resumeFrom);
    if (prepared.kind !== 'prepared') throw new Error(JSON.stringify(prepared.ending));
    expect(prepared.kernels).toBe(set.name);
    const { kernels, memory } = prepared;
    const acknowledged = new Int32Array(new SharedArrayBuffer(4));
    const training = openJobSession({ spec, dataset, kernels, memory, resumeFrom, acknowledged });
    expect([...training].map(({ kind }) => kind)).toContain('epoch');
  },
);
