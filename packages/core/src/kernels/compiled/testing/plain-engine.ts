/**
 * The specification of engines as a program: one lane of plain loops, arithmetic in float64, results rounded to the element
 * type where they are stored. Every engine is judged by it; ../operations.ts says the same in formulas.
 *
 * This file is the loop of a run. The operations: ./plain-dense.ts, ./plain-lists.ts, ./plain-units.ts, ./plain-maps.ts,
 * ./plain-complex.ts.
 */
import type { Engine, OpenEngine } from '../engine.ts';
import * as word from '../words.ts';
import { type ArenaViews, addressIn, operandsAt, viewArena } from './operands.ts';
import { COMPLEX_OPERATIONS, COMPLEX_UPDATES } from './plain-complex.ts';
import { DENSE_OPERATIONS } from './plain-dense.ts';
import { LIST_OPERATIONS } from './plain-lists.ts';
import { MAP_OPERATIONS } from './plain-maps.ts';
import type { RowOperation, RowRange, UpdateOperation } from './plain-operation.ts';
import { UNIT_OPERATIONS, UPDATE_OPERATIONS } from './plain-units.ts';

const OPERATIONS: ReadonlyMap<number, RowOperation> = new Map([
  ...DENSE_OPERATIONS,
  ...LIST_OPERATIONS,
  ...UNIT_OPERATIONS,
  ...MAP_OPERATIONS,
  ...COMPLEX_OPERATIONS,
]);
const UPDATES: ReadonlyMap<number, UpdateOperation> = new Map([...UPDATE_OPERATIONS, ...COMPLEX_UPDATES]);

export function plainEngine(elementType: 'float32' | 'float64'): Engine {
  return {
    name: elementType === 'float32' ? 'native' : 'native-float64',
    elementType,
    open(arena): OpenEngine {
      const views = viewArena(arena.memory.buffer, elementType);
      return {
        run: (pointer) => answer(views, pointer, perform(views, pointer)),
        close() {},
      };
    },
  };
}

type Ending =
  | { readonly status: typeof word.DONE; readonly steps: number; readonly change: number }
  | { readonly status: typeof word.STOPPED }
  | { readonly status: typeof word.NOT_FINITE; readonly step: number; readonly layer: number; readonly change: number };

function answer({ words, doubles }: ArenaViews, pointer: number, ending: Ending): void {
  const start = pointer / 4;
  words[start + word.STATUS] = ending.status;
  if (ending.status === word.STOPPED) return;
  doubles[(start + word.CHANGE) / 2] = ending.change;
  words[start + word.STEPS_DONE] = ending.status === word.DONE ? ending.steps : ending.step;
  if (ending.status === word.DONE) return;
  words[start + word.BROKEN_STEP] = ending.step;
  words[start + word.BROKEN_LAYER] = ending.layer;
}

function perform(views: ArenaViews, pointer: number): Ending {
  const ask = (position: number) => views.words[pointer / 4 + position];
  const blocks = blocksOf(ask(word.ROWS), ask(word.SPLIT) === word.OVER_ROWS ? ask(word.BLOCK_ROWS) : ask(word.ROWS));
  // The residual of the whole batch decides, so that all blocks must keep in step; otherwise none knows of the others.
  const tolerance = views.doubles[(pointer / 4 + word.TOLERANCE) / 2];
  if (tolerance > 0) return takeThrough(views, pointer, blocks);
  return blocks.map((block) => takeThrough(views, pointer, [block])).reduce(combine);
}

function blocksOf(rows: number, blockRows: number): RowRange[] {
  return Array.from({ length: Math.ceil(rows / blockRows) }, (_, k) => ({
    first: k * blockRows,
    end: Math.min((k + 1) * blockRows, rows),
  }));
}

/** Takes blocks through all operations of a run, step by step together. */
function takeThrough(views: ArenaViews, pointer: number, blocks: readonly RowRange[]): Ending {
  const ask = (position: number) => views.words[pointer / 4 + position];
  const tolerance = views.doubles[(pointer / 4 + word.TOLERANCE) / 2];
  const stopped = () => ask(word.STOP_WORD) !== 0 && views.words[addressIn(ask(word.STOP_WORD)) / 4] !== 0;
  const execute = (program: number, count: number): Step =>
    blocks.map((block) => executeAll(views, addressIn(ask(program)), ask(count), block)).reduce(combineSteps);

  execute(word.BEFORE, word.BEFORE_COUNT);
  let change = 0;
  let steps = 0;
  while (steps < ask(word.STEPS)) {
    if (stopped()) return { status: word.STOPPED };
    const made = execute(word.STEP, word.STEP_COUNT);
    steps++;
    change = made.change;
    if (!Number.isFinite(change)) {
      return { status: word.NOT_FINITE, step: steps, layer: made.brokenLayer ?? made.lastLayer, change };
    }
    if (change < tolerance && steps >= ask(word.LEAST_STEPS)) break;
  }
  execute(word.AFTER, word.AFTER_COUNT);
  return { status: word.DONE, steps, change };
}

/** What one step did, or several blocks in one step. */
interface Step {
  readonly change: number;
  /** The lowest layer that has new states which are not finite. */
  readonly brokenLayer: number | undefined;
  readonly lastLayer: number;
}

function executeAll(views: ArenaViews, program: number, count: number, block: RowRange): Step {
  let step: Step = { change: 0, brokenLayer: undefined, lastLayer: 0 };
  for (let k = 0; k < count; k++) {
    const operands = operandsAt(views, program + k * word.OPERATION_WORDS * 4);
    const update = UPDATES.get(operands.code);
    if (update !== undefined) {
      const { change, finite } = update(operands, block);
      const layer = operands.word(word.LAYER);
      step = combineSteps(step, { change, brokenLayer: finite ? undefined : layer, lastLayer: layer });
      continue;
    }
    const operation = OPERATIONS.get(operands.code);
    if (operation === undefined) throw new Error(`no operation has the code ${operands.code}`);
    operation(operands, block);
  }
  return step;
}

function combineSteps(one: Step, other: Step): Step {
  const broken = [one.brokenLayer, other.brokenLayer].filter((layer) => layer !== undefined);
  return {
    // Math.max is NaN where either is.
    change: Math.max(one.change, other.change),
    brokenLayer: broken.length === 0 ? undefined : Math.min(...broken),
    lastLayer: Math.max(one.lastLayer, other.lastLayer),
  };
}

/** What blocks that knew nothing of each other come to: stopped if one was, else broken as the first that broke. */
function combine(one: Ending, other: Ending): Ending {
  if (one.status === word.STOPPED || other.status === word.STOPPED) return { status: word.STOPPED };
  if (one.status === word.NOT_FINITE && other.status === word.NOT_FINITE) {
    if (one.step !== other.step) return one.step < other.step ? one : other;
    return one.layer <= other.layer ? one : other;
  }
  if (one.status === word.NOT_FINITE) return one;
  if (other.status === word.NOT_FINITE) return other;
  return { ...one, change: Math.max(one.change, other.change) };
}
