/** A stage: one arena with an engine opened on it, on which scenes are laid out and programs run. */
import { createArenaMemory, openArena } from '../../../tensor/arena.ts';
import type { Lanes } from '../../kernel-set.ts';
import type { Engine } from '../engine.ts';
import { encode, type Operation, type Pointer, type Rows } from '../operation.ts';
import type { RowLists } from '../operations.ts';
import * as word from '../words.ts';
import { type DrawnLists, GUARD, type Scene, sizesOf, type Tensor } from './scene.ts';

/** Where a scene's tensors are. */
export interface Laid {
  at(tensor: Tensor): Pointer;
  rows(tensor: Tensor): Rows;
  lists(lists: DrawnLists): RowLists;
}

export type Program = (laid: Laid) => readonly Operation[];

export interface Run {
  readonly before?: Program;
  readonly step?: Program;
  readonly after?: Program;
  readonly rows: number;
  readonly steps?: number;
  readonly leastSteps?: number;
  readonly tolerance?: number;
  /** Rows of a block of a run over rows; absent: over columns. */
  readonly blockRows?: number;
  /** Its first entry is the stop word. */
  readonly stopWord?: Tensor;
}

export interface Outcome {
  /** What all tensors hold in the end, guards included. */
  readonly values: ReadonlyMap<Tensor, Float64Array>;
  readonly status: number;
  readonly steps: number;
  readonly change: number;
  readonly brokenLayer: number;
  readonly brokenStep: number;
}

export interface Stage {
  readonly engine: Engine;
  /** `sizes`: with the sizes of all numbers instead of the numbers. */
  perform(scene: Scene, run: Run, sizes?: boolean): Outcome;
  close(): void;
}

const STAGE_BYTES = 8 * 2 ** 20;

export function openStage(engine: Engine, lanes: Lanes = { count: 1 }): Stage {
  const arena = openArena(createArenaMemory(STAGE_BYTES + 2 ** 20));
  const open = engine.open(arena, lanes);
  // Behind whatever the engine has taken for itself.
  const { pointer: bottom } = arena.float64(STAGE_BYTES / 8);
  const { buffer } = arena.memory;
  const words = new Int32Array(buffer);
  const doubles = new Float64Array(buffer);
  const entryBytes = engine.elementType === 'float32' ? 4 : 8;

  return {
    engine,
    perform(scene, run, sizes = false) {
      let next = bottom;
      const take = (bytes: number): Pointer => {
        const pointer = next;
        next = Math.ceil((next + bytes) / 64) * 64;
        if (next > bottom + STAGE_BYTES) throw new RangeError('the stage is too small for this scene');
        return pointer;
      };
      const placed = new Map(
        scene.tensors.map((tensor) => {
          const bytes = tensor.kind === 'integers' ? 4 : entryBytes;
          const pointer = take(tensor.values.length * bytes);
          const view = viewOf(buffer, tensor, entryBytes, pointer);
          view.set(sizes && tensor.kind === 'entries' ? sizesOf(tensor.values) : tensor.values);
          return [tensor, { pointer: pointer + GUARD * bytes, view }] as const;
        }),
      );
      const at = (tensor: Tensor): Pointer => {
        const found = placed.get(tensor);
        if (found === undefined) throw new Error('a tensor of another scene');
        return found.pointer;
      };
      const rows = (tensor: Tensor): Rows => ({ pointer: at(tensor), stride: tensor.stride });
      const laid: Laid = {
        at,
        rows,
        lists: ({ count, index, value }) => ({
          count: at(count),
          index: at(index),
          value: at(value),
          stride: value.stride,
        }),
      };
      const ask = take(word.RUN_WORDS * 4);
      words.fill(0, ask / 4, ask / 4 + word.RUN_WORDS);
      const set = (position: number, value: number) => {
        words[ask / 4 + position] = value;
      };
      const setProgram = (program: Program | undefined, pointerAt: number, countAt: number) => {
        const given = program?.(laid) ?? [];
        const operations = sizes ? given.map(withSizes) : given;
        const bytes = Math.max(1, operations.length) * word.OPERATION_WORDS * 4;
        const pointer = take(bytes);
        encode(
          operations,
          words.subarray(pointer / 4, (pointer + bytes) / 4),
          doubles.subarray(pointer / 8, (pointer + bytes) / 8),
        );
        set(pointerAt, pointer);
        set(countAt, operations.length);
      };
      setProgram(run.before, word.BEFORE, word.BEFORE_COUNT);
      setProgram(run.step, word.STEP, word.STEP_COUNT);
      setProgram(run.after, word.AFTER, word.AFTER_COUNT);
      set(word.ROWS, run.rows);
      set(word.STEPS, run.steps ?? 0);
      set(word.LEAST_STEPS, run.leastSteps ?? 1);
      set(word.SPLIT, run.blockRows === undefined ? word.OVER_COLUMNS : word.OVER_ROWS);
      set(word.BLOCK_ROWS, run.blockRows ?? 0);
      set(word.STOP_WORD, run.stopWord === undefined ? 0 : at(run.stopWord));
      doubles[(ask / 4 + word.TOLERANCE) / 2] = run.tolerance ?? 0;
      open.run(ask);
      return {
        values: new Map([...placed].map(([tensor, { view }]) => [tensor, Float64Array.from(view)])),
        status: words[ask / 4 + word.STATUS],
        steps: words[ask / 4 + word.STEPS_DONE],
        change: doubles[(ask / 4 + word.CHANGE) / 2],
        brokenLayer: words[ask / 4 + word.BROKEN_LAYER],
        brokenStep: words[ask / 4 + word.BROKEN_STEP],
      };
    },
    close: () => open.close(),
  };
}

function viewOf(buffer: SharedArrayBuffer, { kind, values }: Tensor, entryBytes: number, pointer: number) {
  if (kind === 'integers') return new Int32Array(buffer, pointer, values.length);
  return entryBytes === 4
    ? new Float32Array(buffer, pointer, values.length)
    : new Float64Array(buffer, pointer, values.length);
}

function withSizes(operation: Operation): Operation {
  return { ...operation, numbers: operation.numbers.map(([position, value]) => [position, Math.abs(value)]) };
}
