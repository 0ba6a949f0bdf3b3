/** Programs in the arena: written once each, run as often as asked, forgotten all together when there is no more room. */
import { withBarriers } from './hazards.ts';
import { encode, type Operation } from './operation.ts';
import type { Split } from './split.ts';
import type { IntegerTable } from './tensors.ts';
import * as word from './words.ts';

/** Numbers that change from run to run; what is not given is 0. */
export interface Factors {
  readonly first?: number;
  readonly second?: number;
  readonly third?: number;
  readonly fourth?: number;
}

/** An operation whose numbers are factors of the run, times a scale of one parameter or none. */
export interface Knob {
  readonly operation: Operation;
  readonly numbers: readonly (keyof Factors)[];
  /** Index of a parameter. */
  readonly parameter: number | undefined;
}

export interface Compiled {
  /** Operations before the first step, in every step and after the last. */
  readonly sections: readonly [before: readonly Operation[], step: readonly Operation[], after: readonly Operation[]];
  readonly split: Split;
  readonly knobs: readonly Knob[];
}

export interface Program {
  /** Byte address of the words of its run. */
  readonly pointer: number;
  /** The words of its run, and behind them its operations. */
  readonly words: Int32Array;
  /** The same as float64 numbers. */
  readonly doubles: Float64Array;
  /** Where the first number of each knob lies in `doubles`. */
  readonly knobs: readonly (Knob & { readonly at: number })[];
}

export interface ProgramStore {
  /** The program of a key, made by `compile` where there is none yet; not to be kept beyond the next call. */
  take(key: number, compile: () => Compiled): Program;
  /** Forgets all programs: for settings that change what they do. */
  forget(): void;
}

/** Int32 words of a cache line. */
const LINE = 16;

export function programStore({ pointer, values }: IntegerTable): ProgramStore {
  const programs = new Map<number, Program>();
  let next = 0;
  const forget = () => {
    programs.clear();
    next = 0;
  };
  const write = ({ sections, split, knobs }: Compiled): Program => {
    const parts = sections.map((part) => (split.split === word.OVER_COLUMNS ? withBarriers(part) : part));
    const count = parts.reduce((sum, part) => sum + part.length, 0);
    const length = word.RUN_WORDS + count * word.OPERATION_WORDS;
    if (length > values.length) throw new Error(`a program of ${count} operations is longer than was foreseen`);
    if (next + length > values.length) forget();
    const start = next;
    next = Math.ceil((start + length) / LINE) * LINE;
    return writeProgram(pointer + 4 * start, values.subarray(start, start + length), parts, split, knobs);
  };
  return {
    take(key, compile) {
      const known = programs.get(key);
      if (known !== undefined) return known;
      const program = write(compile());
      programs.set(key, program);
      return program;
    },
    forget,
  };
}

function writeProgram(
  pointer: number,
  words: Int32Array,
  parts: readonly (readonly Operation[])[],
  { split, blockRows }: Split,
  knobs: readonly Knob[],
): Program {
  const doubles = new Float64Array(words.buffer, words.byteOffset, words.length / 2);
  const operations = parts.flat();
  const first = word.RUN_WORDS;
  encode(operations, words.subarray(first), doubles.subarray(first / 2));
  words.fill(0, 0, first);
  let at = first;
  [word.BEFORE, word.STEP, word.AFTER].forEach((section, k) => {
    words[section] = pointer + 4 * at;
    words[section + 1] = parts[k].length;
    at += parts[k].length * word.OPERATION_WORDS;
  });
  words[word.SPLIT] = split;
  words[word.BLOCK_ROWS] = blockRows;
  const placed = knobs.map((knob) => {
    const index = operations.indexOf(knob.operation);
    return { ...knob, at: (first + index * word.OPERATION_WORDS + word.FIRST) / 2 };
  });
  return { pointer, words, doubles, knobs: placed };
}
