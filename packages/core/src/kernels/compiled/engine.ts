/**
 * What runs programs: the operations of ./operations.ts, ./map-operations.ts and ./complex-operations.ts on the tensors of an
 * arena.
 *
 * A run does the operations BEFORE once, those of a STEP up to STEPS times, and those AFTER once, on rows 0 to ROWS − 1.
 *
 *   OVER_ROWS      Rows are cut into blocks of at most BLOCK_ROWS. A lane takes a block through everything, without looking at
 *                  SHARE and BARRIER. With a tolerance all blocks make a step before the next begins, for the whole batch
 *                  decides when it ends.
 *   OVER_COLUMNS   All lanes take every operation together, each a range of panels (BY_COLUMNS) or of rows (BY_ROWS), and meet
 *                  at every BARRIER and at the end of BEFORE, of each step and of AFTER. Sums over the batch (outer products,
 *                  column sums, lists by column, packing) occur here only.
 *
 * Updates of a step count towards CHANGE, the largest |new − old| in the last one. A run ends DONE after STEPS, or after a step
 * that changes less than TOLERANCE once LEAST_STEPS are made; STOPPED where the stop word was not 0 before a step; NOT_FINITE
 * after the first step in which a change was not, with the lowest layer whose states are not, or the highest that moved
 * where all states are. An engine may look at changes in the last step only, and make a run that broke once more from BEFORE
 * on to find the step: BEFORE sets up all that a step changes. After STOPPED states are of no use.
 *
 * Row tensors have room for a multiple of 16 rows, strides of states are multiples of 16 entries, and everything begins at a
 * multiple of 64 bytes. The order in which an entry's terms are added is each engine's own where it says so in its sources;
 * it never depends on the number of rows, on blocks or on lanes.
 */
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
