/** Every operation on every engine: what it computes, what it leaves alone, and that no bit hangs on how rows are cut. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ENGINES } from '../testing/every-engine.ts';
import { COMPLEX_CASES } from './testing/complex-cases.ts';
import { DENSE_CASES } from './testing/dense-cases.ts';
import { differences, judged } from './testing/judgement.ts';
import { MAP_CASES } from './testing/map-cases.ts';
import { choose, type OperationCase, type Sizes } from './testing/operation-case.ts';
import { plainEngine } from './testing/plain-engine.ts';
import { createScene, GUARD, type Scene, type SceneSettings, SPECIALS } from './testing/scene.ts';
import { openStage, type Program, type Run } from './testing/stage.ts';
import { UNIT_CASES } from './testing/unit-cases.ts';
import { DONE } from './words.ts';

const CASES = [...DENSE_CASES, ...UNIT_CASES, ...MAP_CASES, ...COMPLEX_CASES];
const SUBJECTS = [plainEngine('float32'), ...ENGINES];
const RUNS = 30;

const sizes: fc.Arbitrary<Sizes> = fc.record({
  rows: fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 9, 20),
  columns: fc.constantFrom(16, 48, 64, 80, 128, 144),
  depth: fc.constantFrom(1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 130, 131),
  thin: fc.integer({ min: 1, max: 16 }),
});
const settings = (specials: readonly number[]): fc.Arbitrary<SceneSettings> =>
  fc.record({
    seed: fc.nat(),
    guard: fc.constantFrom(Number.NaN, 777),
    specials: fc.constant(specials),
  });

/** Some run that does the program once. */
function runOnce({ kind, isUpdate }: OperationCase, program: Program, scene: Scene, rows: number): Run {
  const blockRows = choose(scene, 80, [undefined, 1, 2, 3, 5, 8, 16, 32]);
  const cut = kind === 'batch' || blockRows === undefined ? {} : { blockRows };
  const part = isUpdate === true ? 'step' : choose(scene, 81, ['before', 'step', 'after'] as const);
  return { rows, ...cut, [part]: program, steps: part === 'step' ? 1 : 0 };
}

const onEvery = SUBJECTS.map((engine) => ({
  title: `${engine.name}, ${engine.elementType}`,
  stage: openStage(engine),
}));
afterAll(() => {
  for (const { stage } of onEvery) stage.close();
});

describe.each(onEvery)('engine $title', ({ stage }) => {
  const runs = ({ code }: OperationCase) =>
    code === undefined || stage.engine.operations === undefined || stage.engine.operations.has(code);
  describe.each(CASES.filter(runs))('$name', (operation) => {
    const check = (asked: Sizes, given: SceneSettings) => {
      const scene = createScene(given);
      const { program, bound } = operation.draw(scene, asked);
      const { outcome, expected, faults } = judged(stage, scene, runOnce(operation, program, scene, asked.rows), bound);
      expect(faults).toEqual([]);
      expect(outcome.status).toBe(expected.status);
      if (expected.status === DONE) {
        expect(Math.abs(outcome.change - expected.change)).toBeLessThan(1e-4);
      } else {
        expect([outcome.brokenStep, outcome.brokenLayer]).toEqual([expected.brokenStep, expected.brokenLayer]);
      }
    };

    it('computes what it says and touches nothing else', () => {
      fc.assert(fc.property(sizes, settings([]), check), { numRuns: RUNS });
    });

    it('lets NaN, infinities, −0 and denormal numbers through', () => {
      fc.assert(fc.property(sizes, settings(SPECIALS), check), { numRuns: RUNS });
    });

    if (operation.kind !== 'rows') return;
    it('computes a row to the same bits whatever rows there are beside it', () => {
      const cuts = fc.record({
        rowsLess: fc.nat({ max: 8 }),
        one: fc.constantFrom(1, 2, 3, 5, 8, 16, 32),
        other: fc.constantFrom(undefined, 1, 2, 3, 4, 6, 7, 16),
      });
      fc.assert(
        fc.property(sizes, settings([]), cuts, (asked, given, { rowsLess, one, other }) => {
          const scene = createScene(given);
          const { program } = operation.draw(scene, asked);
          const part = operation.isUpdate === true ? { step: program, steps: 1 } : { before: program };
          const fewer = Math.max(1, asked.rows - rowsLess);
          const all = stage.perform(scene, { ...part, rows: asked.rows, blockRows: one });
          const some = stage.perform(scene, {
            ...part,
            rows: fewer,
            ...(other === undefined ? {} : { blockRows: other }),
          });
          const isOfBoth = (k: number, place: number) =>
            scene.tensors[k].isWritten(place) && Math.floor((place - GUARD) / scene.tensors[k].stride) < fewer;
          expect(differences(scene, all, some, isOfBoth)).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    });
  });
});
