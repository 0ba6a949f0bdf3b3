/** Starts and ends the thread that computes, and turns every way it can end into one outcome. */
import { Worker } from 'node:worker_threads';
import { controlBlock, type StopRequest } from '@settle/core';
import type { RunOutcome } from '../run-outcome.ts';
import type { TrainerInput, TrainerMessage } from '../trainer/messages.ts';

export interface Trainer {
  /** Asks the thread to stop, through shared memory; ends it after the grace period. The first request counts. */
  stop(request: Exclude<StopRequest, 'none'>): void;
  /** Ends the thread at once: its lease is lost, and nothing it does may count. */
  terminate(): void;
  readonly ended: Promise<RunOutcome>;
}

const THREAD = new URL('../trainer/trainer-thread.js', import.meta.url);
const STOP_GRACE_MS = 5_000;
/** Tensors live in shared memory, outside this limit; it bounds the thread's own objects. */
const HEAP_LIMIT_MB = 512;

export function startTrainer(input: TrainerInput, onMessage: (message: TrainerMessage) => void): Trainer {
  const control = controlBlock(input.memory);
  const thread = new Worker(THREAD, {
    workerData: input,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_LIMIT_MB },
    name: 'trainer',
  });
  let outcome: RunOutcome | undefined;
  let grace: NodeJS.Timeout | undefined;

  thread.on('message', (message: TrainerMessage) => {
    if (message.kind === 'ended') outcome = { kind: 'trained', outcome: message.outcome };
    if (message.kind === 'refused') outcome = { kind: 'refused', reason: message.reason };
    onMessage(message);
  });
  thread.on('error', (error: Error & { code?: string }) => {
    outcome ??=
      error.code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? { kind: 'out-of-memory' }
        : { kind: 'crashed', message: `the trainer ended with ${error.name}: ${error.message}` };
  });
  const ended = new Promise<RunOutcome>((resolve) => {
    thread.on('exit', () => {
      clearTimeout(grace);
      resolve(outcome ?? { kind: 'terminated', request: control.stopRequest() });
    });
  });

  return {
    ended,
    stop(request) {
      if (control.stopRequest() !== 'none') return;
      control.requestStop(request);
      Atomics.notify(input.acknowledged, 0);
      grace = setTimeout(() => void thread.terminate(), STOP_GRACE_MS);
    },
    terminate() {
      // A thread inside native kernels ends when they return, and they look at nothing but this.
      if (control.stopRequest() === 'none') control.requestStop('hand-back');
      Atomics.notify(input.acknowledged, 0);
      void thread.terminate();
    },
  };
}
