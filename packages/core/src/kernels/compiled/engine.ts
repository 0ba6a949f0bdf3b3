/** What runs programs: the operations of ./operations.ts on the tensors of an arena. */
import type { Arena } from '../../tensor/arena.ts';
import type { KernelSetName, Lanes } from '../kernel-set.ts';

export interface Engine {
  /** Of the kernel set that it makes. */
  readonly name: KernelSetName;
  readonly elementType: 'float32' | 'float64';
  /** Codes of the operations that it runs; absent: all of them. */
  readonly operations?: ReadonlySet<number>;
  /** Starts `lanes.count` lanes on an arena; they wait until there is something to run. */
  open(arena: Arena, lanes: Lanes): OpenEngine;
}

export interface OpenEngine {
  /** Does what the RUN_WORDS at `pointer` ask and writes its answer there. Blocks until all lanes are done. */
  run(pointer: number): void;
  /** Ends the lanes. Idempotent. */
  close(): void;
}
