/** One training on MNIST in this process, as an experiment runs it: the library, no service. */
import {
  chooseKernels,
  createArenaMemory,
  type Dataset,
  datasetFromIdx,
  type KernelSet,
  type MethodDescription,
  methodFrom,
  openSession,
  referenceKernels,
  sessionBytes,
  splitDataset,
  wasmKernels,
  withLists,
} from '@settle/core';
import { nativeKernelSets } from '@settle/native';
import { readMnist } from '../stack/built-in-datasets.ts';
import type { SeedOutcome } from './experiment.ts';

export interface MnistTraining {
  readonly description: MethodDescription;
  readonly epochs: number;
  readonly batchSize: number;
  /** Left out of the 60,000, as the sources with 50,000 training samples do, and not looked at. */
  readonly heldOut: number;
}

export async function loadMnist(): Promise<{ readonly train: Dataset; readonly test: Dataset }> {
  const { name, classes, trainImages, trainLabels, testImages, testLabels } = await readMnist();
  return {
    train: withLists(datasetFromIdx(name, trainImages, trainLabels, classes)),
    test: withLists(datasetFromIdx(name, testImages, testLabels, classes)),
  };
}

/** Float32 where set-up built them, as a job has by default. */
function nativeSets(): readonly KernelSet[] {
  const native = nativeKernelSets();
  return native.kind === 'present' ? native.sets.filter(({ elementType }) => elementType === 'float32') : [];
}

/** Test error in per cent after the last epoch; never the best over epochs, which would be a choice by the test data. */
export async function mnistTestError(
  { description, epochs, batchSize, heldOut }: MnistTraining,
  seed: number,
  report: (line: string) => void,
): Promise<SeedOutcome> {
  const data = await loadMnist();
  const { train } = splitDataset(data.train, heldOut);
  const method = methodFrom(description);
  const kernelSet = chooseKernels(method, [...nativeSets(), wasmKernels, referenceKernels]);
  const session = openSession({
    method,
    kernelSet,
    reference: referenceKernels,
    memory: createArenaMemory(sessionBytes(method, kernelSet, batchSize)),
    train,
    validation: undefined,
    test: data.test,
    preparation: {},
    seed,
    epochs,
    batchSize,
    checkpointEveryEpochs: epochs,
    earlyStopping: undefined,
    diagnostics: { everyEpochs: 0, gradientCosine: false },
    resumeFrom: undefined,
  });
  for (;;) {
    const next = session.next();
    if (next.done !== true) {
      if (next.value.kind !== 'epoch') continue;
      const { epoch, metrics } = next.value;
      report(
        `seed ${seed}: epoch ${epoch} of ${epochs}, test error ${percent(metrics.testAccuracy)} % (${kernelSet.name})`,
      );
      continue;
    }
    const outcome = next.value;
    if (outcome.kind === 'completed' && outcome.metrics !== undefined) {
      return { kind: 'measured', value: Number(percent(outcome.metrics.testAccuracy)) };
    }
    return { kind: 'failed', reason: outcome.kind === 'diverged' ? JSON.stringify(outcome.divergence) : outcome.kind };
  }
}

function percent(accuracy: number): string {
  return (100 * (1 - accuracy)).toFixed(2);
}
