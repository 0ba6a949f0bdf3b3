/** How fast is an operation on an engine? A run of many steps, so that what surrounds them does not count. */
import process from 'node:process';
import { type Arena, type OpenEngine, operation, words } from '@settle/core';
import { median } from '../statistics.ts';
import type { Amount, OperationCase } from './operation-case.ts';
import { tensorsIn } from './tensors.ts';

const RUN_MS = 20;
const RUNS = 15;
const MOST_STEPS = 1_000_000;

/** Median speed, in the unit of the case. Throws Error where the engine does not end the run as it should. */
export function measureOperation(
  { rows, split, amount, lay }: OperationCase,
  engine: OpenEngine,
  arena: Arena,
  elementType: 'float32' | 'float64',
): number {
  const { before, step } = lay(tensorsIn(arena, elementType));
  const run = arena.int32(words.RUN_WORDS);
  const write = (position: number, value: number) => {
    run.values[position] = value;
  };
  write(words.BEFORE, program(arena, before));
  write(words.BEFORE_COUNT, before.length);
  write(words.STEP, program(arena, [step]));
  write(words.STEP_COUNT, 1);
  write(words.ROWS, rows);
  write(words.SPLIT, split.over === 'rows' ? words.OVER_ROWS : words.OVER_COLUMNS);
  write(words.BLOCK_ROWS, split.over === 'rows' ? split.blockRows : rows);

  const runMs = (steps: number): number => {
    write(words.STEPS, steps);
    const began = process.hrtime.bigint();
    engine.run(run.pointer);
    const tookMs = Number(process.hrtime.bigint() - began) / 1e6;
    if (run.values[words.STATUS] !== words.DONE) throw new Error(`ended with status ${run.values[words.STATUS]}`);
    return tookMs;
  };
  let steps = 1;
  for (let tookMs = runMs(steps); tookMs < RUN_MS && steps < MOST_STEPS; tookMs = runMs(steps)) steps *= 2;
  const speeds = Array.from({ length: RUNS }, () => speed(amount, runMs(steps) / steps, elementType));
  return median(speeds);
}

function program(arena: Arena, list: readonly operation.Operation[]): number {
  const { pointer, values } = arena.int32(Math.max(list.length, 1) * words.OPERATION_WORDS);
  operation.encode(list, values, new Float64Array(values.buffer, values.byteOffset, values.length / 2));
  return pointer;
}

function speed(amount: Amount, ms: number, elementType: 'float32' | 'float64'): number {
  switch (amount.unit) {
    case 'GFLOP/s':
      return amount.flops / ms / 1e6;
    case 'GB/s':
      return (amount.entries * (elementType === 'float32' ? 4 : 8)) / ms / 1e6;
    case 'ns/entry':
      return (ms * 1e6) / amount.entries;
    default:
      amount satisfies never;
      throw new Error('unreachable unit');
  }
}
