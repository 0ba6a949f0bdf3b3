/** What must be known before a job starts: that it can be built, by which kernels, and in how much memory. */
import type { JobFailure, JobSpec } from '@settle/contracts';
import { type ArenaMemory, createArenaMemory, type KernelSet, type KernelSetName } from '@settle/core';
import type { DatasetFiles, Ending } from '@settle/store';
import { kernelsFor } from '../trainer/kernels.ts';
import { methodOf } from '../trainer/recipes.ts';
import { type JobMemory, jobMemory, mostBytes } from './job-memory.ts';

export type Prepared =
  | {
      readonly kind: 'prepared';
      readonly kernels: KernelSetName;
      readonly memory: ArenaMemory;
      /** Samples that are trained on, without those held out. */
      readonly trainSamples: number;
    }
  | { readonly kind: 'refused'; readonly ending: Ending };

/** Builds the method once to see that it can be built, and allocates its arena. `most`: bytes that the job may take in all. */
export function prepare(
  spec: JobSpec,
  { trainLabels }: Pick<DatasetFiles, 'trainLabels'>,
  resumeFrom: Uint8Array | undefined,
  most = mostBytes(),
): Prepared {
  let kernels: KernelSet;
  let trainSamples: number;
  let bytes: JobMemory;
  try {
    const method = methodOf(spec);
    kernels = kernelsFor(method, spec, resumeFrom);
    trainSamples = (spec.dataset.train_samples ?? idxSamples(trainLabels)) - spec.dataset.validation_samples;
    bytes = jobMemory(method, kernels, { samples: trainSamples, batchSize: spec.training.batch_size });
  } catch (error) {
    return { kind: 'refused', ending: notRunnable(error instanceof Error ? error.message : String(error)) };
  }
  const asked = bytes.arenaBytes + bytes.besideBytes;
  try {
    if (asked > most) throw new RangeError(`${most} bytes are all there is`);
    return { kind: 'prepared', kernels: kernels.name, memory: createArenaMemory(bytes.arenaBytes), trainSamples };
  } catch {
    return { kind: 'refused', ending: failed('out_of_memory', `the job needs ${asked} bytes of memory`) };
  }
}

export function notRunnable(message: string): Ending {
  return failed('job_not_runnable', message);
}

function failed(code: JobFailure['code'], message: string): Ending {
  return { kind: 'failed', failure: { code, message, details: {} } };
}

/** Samples in an IDX label file: the first dimension. */
function idxSamples(file: Uint8Array): number {
  return new DataView(file.buffer, file.byteOffset).getUint32(4);
}
