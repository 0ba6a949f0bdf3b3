/**
 * A few shared words through which a supervisor and a computing thread see each other without messages.
 *
 * A thread that computes does not read messages, so the stop request is a word in shared memory that kernels look at in
 * every relaxation step, and the heartbeat is a word that training counts up with every batch.
 */
import type { ArenaMemory } from './arena.ts';

export type StopRequest = 'none' | 'cancel' | 'hand-back';

/** Not 0: a program's pointer 0 means that there is no stop word. */
const STOP_WORD = 1;
const HEARTBEAT_WORD = 2;
const WORDS = 16;
const STOP_REQUESTS: readonly StopRequest[] = ['none', 'cancel', 'hand-back'];

export interface ControlBlock {
  /** Byte address of the stop word, for kernels. */
  readonly stopWordPointer: number;
  requestStop(request: StopRequest): void;
  stopRequest(): StopRequest;
  /** Counts one finished batch. */
  beat(): void;
  heartbeats(): number;
}

/** The control block of an arena's memory; any thread that holds the memory may make its own view. */
export function controlBlock(memory: ArenaMemory): ControlBlock {
  const words = new Int32Array(memory.buffer, 0, WORDS);
  return {
    stopWordPointer: STOP_WORD * 4,
    requestStop(request) {
      Atomics.store(words, STOP_WORD, STOP_REQUESTS.indexOf(request));
    },
    stopRequest: () => STOP_REQUESTS[Atomics.load(words, STOP_WORD)] ?? 'none',
    beat() {
      Atomics.add(words, HEARTBEAT_WORD, 1);
    },
    heartbeats: () => Atomics.load(words, HEARTBEAT_WORD),
  };
}
