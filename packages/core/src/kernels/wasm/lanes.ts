/**
 * The lanes of the WebAssembly engine: threads that the caller starts, each with the module on the same memory.
 *
 * A lane that breaks down says so where lanes meet, so that the others do not wait for it for ever.
 */
import type { Allocator, ArenaMemory } from '../../tensor/arena.ts';
import type { LaneService } from '../kernel-set.ts';
import { WASM_BASE64 } from './generated/binary.ts';
import { FAILED, MEETING_WORDS } from './meeting-place.ts';

/** What ./assembly/index.ts exports. */
export interface WasmExports {
  /** Does what the run's words ask, with the lanes that have come to the meeting place. */
  run(place: number, words: number): void;
  /** Ends the lanes of a meeting place. */
  close(place: number): void;
  /** Helps until the lanes are ended. */
  serve(place: number): void;
}

let compiled: WebAssembly.Module | undefined;

/** Compiled once a thread: the module is constant, so keeping it is caching, not state. */
function compiledModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(Buffer.from(WASM_BASE64, 'base64'));
  return compiled;
}

/** How long a lane sleeps at most before it looks whether another has broken down. */
const PATIENCE_MILLISECONDS = 500;

/** The kernels on a memory. */
export function instantiate(memory: ArenaMemory): WasmExports {
  const words = new Int32Array(memory.buffer);
  const { exports } = new WebAssembly.Instance(compiledModule(), {
    env: {
      memory,
      sleep(address: number, value: number) {
        Atomics.wait(words, address >>> 2, value, PATIENCE_MILLISECONDS);
      },
      wake(address: number) {
        Atomics.notify(words, address >>> 2);
      },
    },
  });
  // The parser of this border: the module is built from ./assembly/index.ts by the same build.
  return exports as unknown as WasmExports;
}

/** Takes from an allocator what lanes need to meet, the same for any number of them; returns where it is. */
export function layOutLanes(allocator: Allocator): number {
  return allocator.int32(MEETING_WORDS).pointer;
}

/** Says that a lane has broken down, so that those who wait for it break off. */
export function reportFailure(memory: ArenaMemory, place: number): void {
  Atomics.store(new Int32Array(memory.buffer, place, MEETING_WORDS), FAILED, 1);
}

/** Works as a lane, blocking the thread, until the engine that asked for it is closed. */
export function serveLane({ memory, pointer }: LaneService): void {
  const kernels = instantiate(memory);
  try {
    kernels.serve(pointer);
  } catch (error) {
    reportFailure(memory, pointer);
    throw error;
  }
}
