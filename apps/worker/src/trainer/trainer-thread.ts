/**
 * The thread that computes: builds the method, trains, reports. It touches no database, queue or network.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { controlBlock, type TrainingEvent, type TrainingOutcome } from '@settle/core';
import { type BatchMetrics, handedOver, type TrainerInput, type TrainerMessage } from './messages.ts';
import { openJobSession } from './session.ts';

/** Metric points are sent together this often; a message per batch would cost more than a small batch. */
const REPORT_MS = 100;
/** Epochs and checkpoints that may wait for storage before training does. */
const LARGEST_LEAD = 4;
const STOP_LOOK_MS = 100;

const port = parentPort;
if (isMainThread || port === null) throw new Error('the trainer runs in a worker thread');
// The parser of this border: only ../supervisor/running-job.ts starts this file, with a TrainerInput.
run(workerData as TrainerInput, (message) => port.postMessage(message, handedOver(message)));

function run(input: TrainerInput, post: (message: TrainerMessage) => void): void {
  let session: Generator<TrainingEvent, TrainingOutcome>;
  try {
    session = openJobSession(input);
  } catch (error) {
    post({ kind: 'refused', reason: error instanceof Error ? error.message : String(error) });
    return;
  }
  const began = performance.now();
  let reported = began;
  let batches = noBatches();
  let images = 0;
  let sent = 0;

  const flush = () => {
    if (batches.steps.length === 0) return;
    reported = performance.now();
    post({ kind: 'batches', batches, images, computeMs: reported - began });
    batches = noBatches();
    images = 0;
  };

  for (;;) {
    const next = session.next();
    if (next.done === true) {
      flush();
      post({ kind: 'ended', outcome: next.value, computeMs: performance.now() - began });
      return;
    }
    const event = next.value;
    if (event.kind === 'batch') {
      batches.steps.push(event.step);
      batches.cost.push(event.cost);
      batches.freeResidual.push(event.freeResidual);
      batches.nudgedResidual.push(event.nudgedResidual);
      images += event.samples;
      if (performance.now() - reported >= REPORT_MS) flush();
      continue;
    }
    flush();
    post(event);
    sent++;
    waitFor(input, sent - LARGEST_LEAD);
  }
}

/** Blocks until `count` messages are acknowledged, or a stop is requested: the next batch then ends the session. */
function waitFor(input: TrainerInput, count: number): void {
  const control = controlBlock(input.memory);
  for (;;) {
    const seen = Atomics.load(input.acknowledged, 0);
    if (seen >= count || control.stopRequest() !== 'none') return;
    Atomics.wait(input.acknowledged, 0, seen, STOP_LOOK_MS);
  }
}

function noBatches(): BatchMetrics {
  return { steps: [], cost: [], freeResidual: [], nudgedResidual: [] };
}
