import { type JobSpec, type RecipeName, validateJob } from '@settle/contracts';
import {
  createArenaMemory,
  datasetFromIdx,
  type KernelSet,
  type KernelSetName,
  openSession,
  referenceKernels,
  sessionBytes,
  wasmKernels,
} from '@settle/core';
import { describe, expect, it } from 'vitest';
import { tinyDataset, tinyJob } from '../../../../testing/tiny-dataset.ts';
import { prepare } from '../supervisor/preparation.ts';
import { listDataset } from './dataset-lists.ts';
import { kernelsFor, kernelsNamed, kernelsRecord } from './kernels.ts';
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
const lists = listDataset(dataset);
const acknowledged = new Int32Array(new SharedArrayBuffer(4));

/** What a worker with a native build has, by the features of the sets that every machine has. */
const named = (name: KernelSetName): KernelSet => ({ ...wasmKernels, name });
const WITHOUT_NATIVE = [wasmKernels, referenceKernels];
const WITH_NATIVE = [named('native'), named('native-float64'), ...WITHOUT_NATIVE];
/** Has fewer features than the reference kernels. */
const lacking = (name: KernelSetName): KernelSet => ({ ...wasmKernels, name, missing: () => ['complex-states'] });

describe('kernelsFor', () => {
  const method = methodOf(specOf('ep'));

  it.each([
    ['float32', 'fast', WITH_NATIVE, 'native'],
    ['float32', 'fast', WITHOUT_NATIVE, 'wasm'],
    ['float32', 'fast', [lacking('native'), ...WITHOUT_NATIVE], 'wasm'],
    ['float32', 'fast', [lacking('native'), lacking('wasm'), referenceKernels], 'reference'],
    ['float32', 'portable', WITH_NATIVE, 'wasm'],
    ['float32', 'portable', [named('native'), lacking('wasm'), referenceKernels], 'reference'],
    ['float64', 'fast', WITH_NATIVE, 'native-float64'],
    ['float64', 'fast', WITHOUT_NATIVE, 'reference'],
    ['float64', 'fast', [lacking('native-float64'), ...WITHOUT_NATIVE], 'reference'],
    ['float64', 'portable', WITH_NATIVE, 'reference'],
  ] as const)(
    'begins a %s, %s job with the fastest set that lacks nothing',
    (precision, determinism, own, expected) => {
      expect(kernelsFor(method, { precision, determinism }, undefined, own).name).toBe(expected);
    },
  );

  it('takes sets by preference, in whatever order the worker lists them', () => {
    const wishes = { precision: 'float32', determinism: 'fast' } as const;
    expect(kernelsFor(method, wishes, undefined, WITH_NATIVE.toReversed()).name).toBe('native');
  });

  it.each([referenceKernels, wasmKernels])('goes on with the set of the checkpoint, $name', (set) => {
    expect(kernelsFor(method, specOf('ep'), checkpointBy(set, 'ep'))).toBe(set);
    expect(kernelsFor(method, specOf('ep'), checkpointBy(set, 'ep'), WITH_NATIVE)).toBe(set);
  });

  it('leaves it to core to refuse a checkpoint of a set that this worker lacks', () => {
    const spec = specOf('ep');
    const resumeFrom = checkpointBy(wasmKernels, 'ep');
    expect(kernelsFor(method, spec, resumeFrom, [referenceKernels])).toBe(referenceKernels);
    const memory = createArenaMemory(sessionBytes(method, referenceKernels, 4));
    const input = { spec, dataset, lists, kernels: 'reference', lanes: 1, memory, resumeFrom, acknowledged } as const;
    expect(() => openJobSession(input)).toThrow('the checkpoint is of the kernel set wasm; reference gives other bits');
  });

  it('goes on with a set that can, where that of the checkpoint cannot', () => {
    const complex = methodOf(specOf('holomorphic-ep'));
    const own = [lacking('wasm'), referenceKernels];
    expect(kernelsFor(complex, specOf('holomorphic-ep'), checkpointBy(wasmKernels, 'ep'), own)).toBe(referenceKernels);
  });

  it('refuses what is no checkpoint', () => {
    expect(() => kernelsFor(method, specOf('ep'), new Uint8Array(100))).toThrow();
    expect(() => kernelsNamed('abacus')).toThrow(RangeError);
  });
});

it('says in a record how many lanes there were, where there were several', () => {
  expect(kernelsRecord('wasm', 1)).toBe('wasm');
  expect(kernelsRecord('wasm', 3)).toBe('wasm, 3 lanes');
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
    const training = openJobSession({ spec, dataset, lists, kernels, lanes: 1, memory, resumeFrom, acknowledged });
    expect([...training].map(({ kind }) => kind)).toContain('epoch');
  },
);
