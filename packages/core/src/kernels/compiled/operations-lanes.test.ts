/** No number of lanes changes a bit of what the native engines compute. Those of WebAssembly: ../wasm/lanes.test.ts. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { nativeEngines } from '../testing/native-engines.ts';
import { COMPLEX_CASES } from './testing/complex-cases.ts';
import { DENSE_CASES } from './testing/dense-cases.ts';
import { differences } from './testing/judgement.ts';
import { MAP_CASES } from './testing/map-cases.ts';
import { createScene } from './testing/scene.ts';
import { settlingPair } from './testing/settling-pair.ts';
import { openStage, type Run } from './testing/stage.ts';
import { UNIT_CASES } from './testing/unit-cases.ts';

const CASES = [...DENSE_CASES, ...UNIT_CASES, ...MAP_CASES, ...COMPLEX_CASES];
const ON_LANES = nativeEngines.flatMap((engine) => [2, 3].map((count) => ({ engine, count, name: engine.name })));

it('tests the native engines where set-up built them', () => {
  expect(ON_LANES.length).toBe(2 * nativeEngines.length);
});

describe.each(ON_LANES)('engine $name on $count lanes', ({ engine, count }) => {
  const alone = openStage(engine);
  const together = openStage(engine, { count });
  afterAll(() => {
    alone.close();
    together.close();
  });

  const rowCounts = fc.constantFrom(1, 2, 5, 9, 20);
  const columnCounts = fc.constantFrom(16, 64, 80, 144);

  it.each(CASES)('computes $name to the same bits as on one', (operation) => {
    const sizes = fc.record({
      rows: rowCounts,
      columns: columnCounts,
      depth: fc.constantFrom(1, 16, 33, 131),
      thin: fc.constantFrom(1, 10, 16),
    });
    fc.assert(
      fc.property(fc.nat(), sizes, fc.constantFrom(undefined, 1, 3, 8), (seed, asked, block) => {
        const scene = createScene({ seed, guard: 777, specials: [] });
        const { program } = operation.draw(scene, asked);
        const part = operation.isUpdate === true ? { step: program, steps: 1 } : { before: program };
        const cut = operation.kind === 'batch' || block === undefined ? {} : { blockRows: block };
        const run: Run = { rows: asked.rows, ...part, ...cut };
        expect(differences(scene, alone.perform(scene, run), together.perform(scene, run))).toEqual([]);
      }),
      { numRuns: 10 },
    );
  });

  it('settles layers to the same bits as on one, and answers the same', () => {
    const cuts = fc.record({
      blockRows: fc.constantFrom(undefined, 1, 3, 8),
      tolerance: fc.constantFrom(0, 0.02),
    });
    fc.assert(
      fc.property(fc.nat(), rowCounts, columnCounts, cuts, (seed, rows, columns, { blockRows, tolerance }) => {
        const scene = createScene({ seed, guard: 777, specials: [] });
        const { zero, step } = settlingPair(scene, rows, columns);
        const cut = blockRows === undefined ? {} : { blockRows };
        const run: Run = { rows, before: zero, step, steps: 12, tolerance, ...cut };
        const [one, other] = [alone.perform(scene, run), together.perform(scene, run)];
        expect(differences(scene, one, other)).toEqual([]);
        expect({ ...other, values: undefined }).toEqual({ ...one, values: undefined });
      }),
      { numRuns: 15 },
    );
  });
});
