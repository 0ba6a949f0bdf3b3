/** Threads for tests of lanes: plain Node threads with the very module that the tests run, which Vite need not transform. */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { LaneService, Lanes } from '../../kernel-set.ts';
import { WASM_BASE64 } from '../generated/binary.ts';
import { PRESENT } from '../meeting-place.ts';

/** What `serveLane` does. */
const SOURCE = `
  const { module, service: { memory, pointer } } = require('node:worker_threads').workerData;
  const words = new Int32Array(memory.buffer);
  const env = {
    memory,
    sleep: (address, value) => void Atomics.wait(words, address >>> 2, value, 500),
    wake: (address) => void Atomics.notify(words, address >>> 2),
  };
  new WebAssembly.Instance(module, { env }).exports.serve(pointer);
`;
const MODULE = new WebAssembly.Module(Buffer.from(WASM_BASE64, 'base64'));

export interface StartedLanes {
  readonly lanes: Lanes;
  /** Resolves once all threads have come to the meeting place. */
  allPresent(): Promise<void>;
  /** Resolves once all threads have ended, with what they ended with. */
  ended(): Promise<readonly number[]>;
}

export function startedLanes(count: number): StartedLanes {
  const ends: Promise<number>[] = [];
  let presence: Int32Array | undefined;
  return {
    lanes: {
      count,
      start(service: LaneService) {
        presence = new Int32Array(service.memory.buffer, service.pointer + 4 * PRESENT, 1);
        const worker = new Worker(SOURCE, { eval: true, workerData: { module: MODULE, service } });
        ends.push(once(worker, 'exit').then(([code]) => Number(code)));
      },
    },
    async allPresent() {
      while (presence !== undefined && Atomics.load(presence, 0) < count - 1) await setTimeout(5);
    },
    ended: () => Promise.all(ends),
  };
}
