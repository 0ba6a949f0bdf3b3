/**
 * Where lanes that run a program over columns have to wait for each other: before an operation that meets what another lane
 * may still be writing, or writes what another may still be reading.
 *
 * Two operations on a tensor need no wait where a lane has the same part of it in both: both are shared alike, and neither
 * looks beyond its own rows or columns.
 */
import type { Operation } from './operation.ts';
import { barrier } from './operations.ts';
import * as word from './words.ts';

/**
 * `own`: rows or columns that the lane has of the operation. `across`: whole rows, hence own only where rows are shared.
 * `all`: anything.
 */
type Reach = 'own' | 'across' | 'all';
type Operand = readonly [position: number, reach: Reach];

interface Use {
  readonly reads: readonly Operand[];
  readonly writes: readonly Operand[];
}

const use = (reads: readonly Operand[], writes: readonly Operand[]): Use => ({ reads, writes });
const own = (...positions: readonly number[]): Operand[] => positions.map((position) => [position, 'own']);
const across = (...positions: readonly number[]): Operand[] => positions.map((position) => [position, 'across']);
const all = (...positions: readonly number[]): Operand[] => positions.map((position) => [position, 'all']);

/** Constants, such as rates, gains and tables, are left out. */
const USES: ReadonlyMap<number, Use> = new Map([
  [word.COPY, use(own(word.A), own(word.OUT))],
  [word.FILL, use([], own(word.OUT))],
  [word.COMBINE, use(own(word.A, word.B), own(word.OUT))],
  [word.PRODUCT, use([...across(word.A), ...own(word.INIT), ...all(word.WEIGHTS)], own(word.OUT))],
  [word.THIN_PRODUCT, use([...across(word.A), ...own(word.INIT), ...all(word.WEIGHTS)], own(word.OUT))],
  [
    word.SPARSE_PRODUCT,
    use([...across(word.B, word.C, word.INDEX), ...own(word.INIT), ...all(word.WEIGHTS)], own(word.OUT)),
  ],
  [word.OUTER, use(all(word.A, word.B, word.C, word.D), all(word.WEIGHTS))],
  [word.SPARSE_OUTER, use(all(word.A, word.B, word.C, word.INDEX), all(word.WEIGHTS))],
  [word.COLUMN_SUM, use(all(word.A), all(word.WEIGHTS))],
  [word.TRANSPOSE, use(all(word.WEIGHTS), all(word.OUT))],
  [word.PACK, use(all(word.A), all(word.OUT))],
  [word.UPDATE_MAP, use(own(word.B, word.C), own(word.A))],
  [word.UPDATE_ENERGY, use(own(word.B, word.C), own(word.A, word.OUT))],
  [word.UPDATE_PREDICTION, use(own(word.B, word.C, word.D), own(word.A, word.OUT))],
  [word.EMIT, use(own(word.A), own(word.OUT))],
  [word.MULTIPLY_SLOPE, use(own(word.A, word.B), own(word.OUT))],
  [word.SOFTMAX, use(across(word.A), own(word.OUT))],
  [word.LIST_SAMPLES, use(own(word.A), own(word.B, word.C, word.INDEX))],
  [word.LIST_COLUMNS, use(all(word.B, word.C, word.INDEX), all(word.D, word.WEIGHTS, word.OUT))],
  [word.PLACE, use(across(word.A), own(word.OUT))],
  [word.PICK, use([...across(word.A), ...own(word.INIT)], own(word.OUT))],
  [word.SCALE_COLUMNS, use(own(word.A, word.INIT), own(word.OUT))],
  [word.CONVOLVE, use([...across(word.A), ...own(word.INIT), ...all(word.WEIGHTS)], own(word.OUT))],
  [word.POOL, use([...across(word.A), ...own(word.INIT)], own(word.OUT, word.C))],
  [word.UNCONVOLVE, use([...across(word.A, word.C), ...all(word.WEIGHTS)], own(word.OUT))],
  [word.CONVOLVE_OUTER, use(all(word.A, word.B, word.C), all(word.WEIGHTS))],
  [word.UPDATE_MAP_COMPLEX, use(own(word.C, word.D, word.OUT, word.INIT), own(word.A, word.B))],
  [word.SOFTMAX_COMPLEX, use(across(word.A, word.B), own(word.OUT, word.INIT))],
]);

interface Access {
  readonly writes: boolean;
  /** How the lanes share what they touch; undefined where a lane may touch anything. */
  readonly share: number | undefined;
}

function accessesOf({ code, words }: Operation): (readonly [pointer: number, access: Access])[] {
  const given = new Map(words);
  const used = USES.get(code);
  if (used === undefined) throw new Error(`nothing is known of what operation ${code} reads and writes`);
  const share = given.get(word.SHARE) ?? word.BY_COLUMNS;
  const accesses = (operands: readonly Operand[], writes: boolean) =>
    operands.flatMap(([position, reach]) => {
      const pointer = given.get(position) ?? 0;
      const isOwn = reach === 'own' || (reach === 'across' && share === word.BY_ROWS);
      return pointer === 0 ? [] : [[pointer, { writes, share: isOwn ? share : undefined }] as const];
    });
  return [...accesses(used.reads, false), ...accesses(used.writes, true)];
}

/** The operations with a barrier before every one that would otherwise meet unfinished work of those before it. */
export function withBarriers(operations: readonly Operation[]): Operation[] {
  const guarded: Operation[] = [];
  let open = new Map<number, Access[]>();
  for (const operation of operations) {
    const accesses = accessesOf(operation);
    const clashes = accesses.some(([pointer, access]) =>
      open.get(pointer)?.some((earlier) => {
        const isShared = earlier.share !== undefined && earlier.share === access.share;
        return (earlier.writes || access.writes) && !isShared;
      }),
    );
    if (clashes) {
      guarded.push(barrier());
      open = new Map();
    }
    for (const [pointer, access] of accesses) {
      const earlier = open.get(pointer);
      if (earlier === undefined) open.set(pointer, [access]);
      else earlier.push(access);
    }
    guarded.push(operation);
  }
  return guarded;
}
