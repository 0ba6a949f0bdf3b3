/**
 * `npm run -s bench:operations -- [--json] [--only OPERATION] [--kernels NAME] [--lanes N]`: how fast each engine runs each
 * operation by itself, in shapes of the standard workloads. Operations on states stay in the first-level cache, as in a phase.
 */
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { createArenaMemory, type Engine, openArena } from '@settle/core';
import { checkoutNow, checkoutText } from './bench/checkout.ts';
import { faultMessage } from './bench/command-line.ts';
import { enginesHere, lanesOf, nativeInstructions } from './bench/kernel-sets.ts';
import { machineText, thisMachine } from './bench/machine.ts';
import { MAP_CASES } from './bench/operations/map-cases.ts';
import { measureOperation } from './bench/operations/measure-operation.ts';
import {
  OPERATIONS_USAGE,
  type OperationsRequest,
  parseOperationsArguments,
} from './bench/operations/operations-request.ts';
import { PRODUCT_CASES } from './bench/operations/product-cases.ts';
import { UNIT_CASES } from './bench/operations/unit-cases.ts';

const CASES = [...PRODUCT_CASES, ...UNIT_CASES, ...MAP_CASES];
/** For all tensors of all cases in float64. */
const ARENA_BYTES = 512 * 2 ** 20;
/** Lanes of engines that bring no threads of their own start meanwhile. */
const LANES_START_MS = 300;

const engines = enginesHere();
const parsed = parseOperationsArguments(process.argv.slice(2), {
  operations: [...new Set(CASES.map(({ operation }) => operation))],
  engines: engines.map(({ name }) => name),
});
if (parsed.kind === 'request') {
  await benchOperations(parsed.request);
} else {
  console.error(faultMessage('bench:operations', parsed.faults, OPERATIONS_USAGE));
  process.exitCode = 1;
}

async function benchOperations({ json, only, kernels, lanes }: OperationsRequest): Promise<void> {
  const where = { machine: machineText(thisMachine(nativeInstructions())), commit: checkoutText(checkoutNow()) };
  const rows: object[] = [];
  if (!json) console.log(`${where.machine}; commit ${where.commit}; lanes: ${lanes}`);
  for (const engine of engines) {
    if (kernels !== undefined && engine.name !== kernels) continue;
    for await (const { operation, shape, value, unit } of measured(engine, lanes, only)) {
      rows.push({ operation, shape, kernels: engine.name, lanes, value, unit, ...where });
      if (json) continue;
      console.log(
        `${engine.name.padEnd(16)}${operation.padEnd(28)}${shape.padEnd(30)}${String(value).padStart(9)} ${unit}`,
      );
    }
  }
  if (json) console.log(JSON.stringify(rows, null, 1));
}

async function* measured(engine: Engine, lanes: number, only: string | undefined) {
  const arena = openArena(createArenaMemory(ARENA_BYTES));
  const open = engine.open(arena, lanesOf(lanes));
  try {
    if (lanes > 1) await setTimeout(LANES_START_MS);
    for (const operationCase of CASES) {
      const { operation, shape, amount } = operationCase;
      if (only !== undefined && operation !== only) continue;
      const value = measureOperation(operationCase, open, arena, engine.elementType);
      yield { operation, shape, value: Number(value.toPrecision(4)), unit: amount.unit };
    }
  } finally {
    open.close();
  }
}
