/** What a test of one operation is: how its operands are drawn, and how far off its results may be. */
import type { Bound } from './judgement.ts';
import type { DrawnLists, Scene, Tensor } from './scene.ts';
import type { Laid, Program } from './stage.ts';

export interface Sizes {
  readonly rows: number;
  /** A multiple of 16. */
  readonly columns: number;
  readonly depth: number;
  /** Units of a thin layer, 1 to 16. */
  readonly thin: number;
}

export interface OperationCase {
  readonly name: string;
  /** Of an operation that some engines lack. */
  readonly code?: number;
  /** `rows`: row by row into rows; `lists`: row by row into lists; `batch`: over all samples together. */
  readonly kind: 'rows' | 'lists' | 'batch';
  /** Whether it counts towards the residual and has its place in a step. */
  readonly isUpdate?: boolean;
  draw(scene: Scene, sizes: Sizes): { readonly program: Program; readonly bound: Bound };
}

/** The k-th choice of a scene. */
export function choose<Choice>(scene: Pick<Scene, 'stream'>, k: number, choices: readonly Choice[]): Choice {
  return choices[Math.floor(choices.length * scene.stream.uniform(k))];
}

export type Optional = Tensor | undefined;

/** Rows that an operation starts from: none, some of their own, one for all samples, or those that it writes. */
export function drawInit(scene: Scene, out: Tensor, rows: number, columns: number): Optional {
  switch (choose(scene, 90, ['none', 'own', 'one row', 'out'] as const)) {
    case 'none':
      return undefined;
    case 'own':
      return scene.rows({ rows, columns });
    case 'one row':
      return scene.rows({ rows, columns, stride: 0 });
    case 'out':
      return out;
  }
}

export function drawGain(scene: Scene, columns: number): Optional {
  return choose(scene, 91, [true, false]) ? scene.vector(columns) : undefined;
}

export const rowsIfAny = (laid: Laid, tensor: Optional) => (tensor === undefined ? undefined : laid.rows(tensor));
export const atIfAny = (laid: Laid, tensor: Optional) => (tensor === undefined ? undefined : laid.at(tensor));

/** Column by column what is listed row by row: numbers of rows. */
export function transposedLists({ count, index }: DrawnLists, columns: number, guard: number): number[][] {
  const byColumn: number[][] = Array.from({ length: columns }, () => []);
  for (let r = 0; r < rowsListed(count, guard); r++) {
    for (let e = 0; e < count.values[guard + r]; e++) byColumn[index.values[guard + r * index.stride + e]].push(r);
  }
  return byColumn;
}

function rowsListed(count: Tensor, guard: number): number {
  return count.values.subarray(guard).indexOf(7_777);
}
