/** Threads that help the trainer's own: they live on its arena and end with it, or when its kernels are released. */
import { Worker } from 'node:worker_threads';
import type { LaneService, Lanes } from '@settle/core';

const THREAD = new URL('./lane-thread.js', import.meta.url);

export function lanesOf(count: number): Lanes {
  if (count === 1) return { count };
  return {
    count,
    start(service: LaneService) {
      // Unreferenced: what still serves when the trainer ends is ended with it.
      new Worker(THREAD, { workerData: service, name: 'lane' }).unref();
    },
  };
}
