/** Does a first step agree with the float64 reference? Asked before anything is timed. */
import { Worker } from 'node:worker_threads';
import {
  compareChanges,
  compareStates,
  type Difference,
  type FirstStep,
  firstRows,
  takeFirstStep,
} from './first-step.ts';
import type { ReferenceTask } from './reference-thread.ts';
import type { OpenedTraining } from './training-step.ts';
import { usefulFlops } from './useful-flops.ts';
import type { Workload } from './workloads.ts';

export interface CheckedStep extends Difference {
  /** Samples of the batch whose states, and as a batch of their own whose changes were compared. */
  readonly samples: number;
}

/** About 10 s of the reference. Larger batches are checked by fewer samples. */
const MOST_REFERENCE_FLOPS = 6e9;
const FEWEST_SAMPLES = 8;

function checkedSamples({ counts, parts }: Workload, batch: number): number {
  const flopsPerSample = usefulFlops(parts().network, counts, 1);
  return Math.min(batch, Math.max(FEWEST_SAMPLES, Math.floor(MOST_REFERENCE_FLOPS / flopsPerSample)));
}

/**
 * States of the whole batch's step are compared for the first samples, for samples settle by themselves; changes of
 * parameters after a step on these samples alone. Leaves the training at its start. Rejects where something is out of bounds.
 */
export async function checkFirstStep(
  workload: Workload,
  batch: number,
  training: OpenedTraining,
): Promise<CheckedStep> {
  const samples = checkedSamples(workload, batch);
  const expected = await referenceStep({ workload: workload.name, samples });
  const whole = takeFirstStep(training, batch);
  const inBatch = compareStates(firstRows(whole.states, [batch, samples]), expected.states);
  const alone = samples === batch ? whole : takeFirstStep(training, samples);
  return {
    samples,
    states: Math.max(inBatch, compareStates(alone.states, expected.states)),
    changes: compareChanges(alone.changes, expected.changes, workload.roundingOfChanges),
  };
}

function referenceStep(task: ReferenceTask): Promise<FirstStep> {
  const thread = new Worker(new URL('./reference-thread.js', import.meta.url), { workerData: task });
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`the reference's thread ended with code ${code}`)));
  });
}
