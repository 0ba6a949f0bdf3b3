/** The first step of a workload in float64, in a thread of its own: what is timed elsewhere then meets float32 only. */
import { parentPort, workerData } from 'node:worker_threads';
import { ONE_LANE, referenceKernels } from '@settle/core';
import { loadMnist } from '../reproduce/mnist-training.ts';
import { type FirstStep, takeFirstStep } from './first-step.ts';
import { openTraining } from './training-step.ts';
import { workloadNamed } from './workloads.ts';

export interface ReferenceTask {
  readonly workload: string;
  readonly samples: number;
}

const port = parentPort;
if (port === null) throw new Error('the reference runs in a worker thread');
// The parser of this border: only ./check-first-step.ts starts this file, with a ReferenceTask.
const { workload, samples } = workerData as ReferenceTask;
const { train } = await loadMnist();
const training = openTraining(workloadNamed(workload).parts(), referenceKernels, ONE_LANE, train, samples);
const result: FirstStep = takeFirstStep(training, samples);
port.postMessage(result);
