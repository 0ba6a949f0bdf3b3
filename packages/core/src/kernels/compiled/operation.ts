/** One operation of a program, and how it is written into words. */
import * as word from './words.ts';

/** Byte address in the arena. */
export type Pointer = number;

export interface Rows {
  readonly pointer: Pointer;
  /** Entries from row to row. */
  readonly stride: number;
}

/** Words of an operation by position, and float64 numbers by position. */
export interface Operation {
  readonly code: number;
  readonly words: readonly (readonly [position: number, value: number])[];
  readonly numbers: readonly (readonly [position: number, value: number])[];
}

/** An activation as engines know it; `slope` and `highest` are those of a clipped line. */
export interface EngineActivation {
  readonly code: number;
  readonly slope: number;
  readonly highest: number;
}

/** Rows that may be left out. */
export const rows = (position: number, given: Rows | undefined): readonly (readonly [number, number])[] =>
  given === undefined
    ? []
    : [
        [position, given.pointer],
        [position + 1, given.stride],
      ];
export const numbers = (...values: readonly number[]): Operation['numbers'] =>
  values.map((value, k) => [word.FIRST + 2 * k, value]);
export const activated = ({ code, slope, highest }: EngineActivation): Pick<Operation, 'words' | 'numbers'> => ({
  words: [[word.ACTIVATION, code]],
  numbers: numbers(slope, highest),
});

/** How lanes share what they do together: thin tensors by rows, others by columns. */
export const sharedBy = (columns: number): number => (columns <= word.THIN ? word.BY_ROWS : word.BY_COLUMNS);

export function width(columns: number): Operation['words'] {
  return [
    [word.COLUMNS, columns],
    [word.SHARE, sharedBy(columns)],
  ];
}

/** Writes operations one behind the other; both views are of the same bytes. */
export function encode(operations: readonly Operation[], words: Int32Array, doubles: Float64Array): void {
  words.fill(0, 0, operations.length * word.OPERATION_WORDS);
  operations.forEach(({ code, words: given, numbers: values }, k) => {
    const at = k * word.OPERATION_WORDS;
    words[at + word.CODE] = code;
    for (const [position, value] of given) words[at + position] = value;
    for (const [position, value] of values) doubles[(at + position) / 2] = value;
  });
}
