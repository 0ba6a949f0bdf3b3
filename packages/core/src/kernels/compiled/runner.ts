/** Runs programs: makes each once, writes what changes from run to run, and lets the engine do it. */
import type { OpenEngine } from './engine.ts';
import type { Operation } from './operation.ts';
import { type Compiled, type Factors, type Program, programStore } from './program-store.ts';
import type { Split } from './split.ts';
import type { IntegerTable } from './tensors.ts';
import * as word from './words.ts';

/** What programs are for; a program is known by that and a number of its own. */
const PURPOSES = [
  ...['clamp', 'phase', 'contrast', 'complex contrast', 'read-out gradient', 'biases', 'errors', 'cost', 'response'],
] as const;
export type Purpose = (typeof PURPOSES)[number];

export interface Runner {
  take(purpose: Purpose, index: number, compile: () => Compiled): Program;
  /** Sets the program's knobs; `scales` by parameter, undefined: ones. */
  turn(program: Program, factors: Factors, scales?: readonly number[]): void;
  /** One pass over `rows` rows. */
  pass(program: Program, rows: number): void;
  /** Up to `steps` steps. `stopWord`: a pointer, or 0. */
  settle(program: Program, rows: number, limits: Limits, stopWord: number): void;
  forget(): void;
  close(): void;
}

export interface Limits {
  readonly steps: number;
  readonly leastSteps: number;
  readonly tolerance: number;
}

const ONE_PASS: Limits = { steps: 0, leastSteps: 0, tolerance: 0 };

export function runnerOf(engine: OpenEngine, programs: IntegerTable): Runner {
  const store = programStore(programs);
  const run = ({ words, doubles, pointer }: Program, rows: number, limits: Limits, stopWord: number) => {
    words[word.ROWS] = rows;
    words[word.STEPS] = limits.steps;
    words[word.LEAST_STEPS] = limits.leastSteps;
    words[word.STOP_WORD] = stopWord;
    doubles[word.TOLERANCE / 2] = limits.tolerance;
    engine.run(pointer);
  };
  return {
    take: (purpose, index, compile) => store.take(index * PURPOSES.length + PURPOSES.indexOf(purpose), compile),
    turn({ knobs, doubles }, factors, scales) {
      for (const { at, numbers, parameter } of knobs) {
        const scale = scales === undefined || parameter === undefined ? 1 : scales[parameter];
        for (let k = 0; k < numbers.length; k++) doubles[at + k] = scale * (factors[numbers[k]] ?? 0);
      }
    },
    pass: (program, rows) => run(program, rows, ONE_PASS, 0),
    settle: run,
    forget: store.forget,
    close: () => engine.close(),
  };
}

/** A program of one pass. */
export function onePass(operations: readonly Operation[], split: Split, knobs: Compiled['knobs'] = []): Compiled {
  return { sections: [operations, [], []], split, knobs };
}
