/** Lanes of the WebAssembly engine: they change no bit, come and go as they like, and nobody waits for one that is gone. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createArenaMemory, measureBytes, openArena } from '../../tensor/arena.ts';
import { encode, type Operation } from '../compiled/operation.ts';
import { fillRows } from '../compiled/operations.ts';
import { DENSE_CASES } from '../compiled/testing/dense-cases.ts';
import { differences } from '../compiled/testing/judgement.ts';
import { MAP_CASES } from '../compiled/testing/map-cases.ts';
import { createScene } from '../compiled/testing/scene.ts';
import { settlingPair } from '../compiled/testing/settling-pair.ts';
import { openStage, type Run } from '../compiled/testing/stage.ts';
import { UNIT_CASES } from '../compiled/testing/unit-cases.ts';
import * as word from '../compiled/words.ts';
import type { Lanes } from '../kernel-set.ts';
import { layOutLanes, reportFailure, serveLane } from './lanes.ts';
import { MOST_LANES, PRESENT } from './meeting-place.ts';
import { startedLanes } from './testing/lane-threads.ts';
import { WASM_OPERATIONS, wasmEngine } from './wasm-engine.ts';

const CASES = [...DENSE_CASES, ...UNIT_CASES, ...MAP_CASES];
const alone = openStage(wasmEngine);
/** The last has more lanes than most machines that run this have cores to spare. */
const together = [2, 3, 7].map((count) => {
  const started = startedLanes(count);
  return { started, stage: openStage(wasmEngine, started.lanes) };
});
beforeAll(() => Promise.all(together.map(({ started }) => started.allPresent())));
afterAll(() => {
  for (const { stage } of [{ stage: alone }, ...together]) stage.close();
});

/** An engine on an arena of its own that runs a list of operations once, on 16 rows. */
function openEngine(lanes: Lanes) {
  const arena = openArena(createArenaMemory(2 ** 20));
  const engine = wasmEngine.open(arena, lanes);
  const rows = arena.float32(16 * 16);
  const runWords = arena.int32(word.RUN_WORDS);
  const list = arena.int32(word.OPERATION_WORDS);
  const { buffer } = arena.memory;
  return {
    arena,
    engine,
    filled: () => [...rows.values],
    run(operation: Operation) {
      encode([operation], list.values, new Float64Array(buffer, list.pointer, word.OPERATION_WORDS / 2));
      runWords.values[word.BEFORE] = list.pointer;
      runWords.values[word.BEFORE_COUNT] = 1;
      runWords.values[word.ROWS] = 16;
      runWords.values[word.SPLIT] = word.OVER_COLUMNS;
      engine.run(runWords.pointer);
    },
    fill: (value: number) => fillRows({ pointer: rows.pointer, stride: 16 }, 16, value),
  };
}

describe('lanes of the WebAssembly engine', () => {
  it.each(CASES)('change no bit of $name', (operation) => {
    const drawn = fc.record({
      seed: fc.nat(),
      rows: fc.constantFrom(1, 2, 3, 5, 8, 20, 33),
      columns: fc.constantFrom(16, 64, 80, 144, 320),
      depth: fc.constantFrom(1, 3, 16, 65, 130),
      thin: fc.integer({ min: 1, max: 16 }),
      blockRows: fc.constantFrom(undefined, 1, 4),
    });
    fc.assert(
      fc.property(drawn, ({ seed, rows, columns, depth, thin, blockRows }) => {
        const scene = createScene({ seed, guard: Number.NaN, specials: [] });
        const { program } = operation.draw(scene, { rows, columns, depth, thin });
        const part = operation.isUpdate === true ? { step: program, steps: 1 } : { before: program };
        const cut = operation.kind === 'batch' || blockRows === undefined ? {} : { blockRows };
        const run: Run = { ...part, ...cut, rows };
        const expected = alone.perform(scene, run);
        for (const { stage } of together) expect(differences(scene, expected, stage.perform(scene, run))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('change neither a bit of a whole run nor what it says of itself', () => {
    const drawn = fc.record({
      seed: fc.nat(),
      rows: fc.constantFrom(1, 2, 5, 20),
      columns: fc.constantFrom(64, 80, 320),
      blockRows: fc.constantFrom(undefined, 1, 4),
      tolerance: fc.constantFrom(0, 0.02),
      breaks: fc.boolean(),
    });
    fc.assert(
      fc.property(drawn, ({ seed, rows, columns, blockRows, tolerance, breaks }) => {
        const scene = createScene({ seed, guard: 777, specials: breaks ? [Number.NaN] : [] });
        const { zero, step } = settlingPair(scene, rows, columns);
        const cut = blockRows === undefined ? {} : { blockRows };
        const run: Run = { rows, before: zero, step, steps: 30, tolerance, ...cut };
        const { values, ...expected } = alone.perform(scene, run);
        for (const { stage } of together) {
          const { values: found, ...report } = stage.perform(scene, run);
          expect(report).toEqual(expected);
          if (expected.status === word.DONE) {
            expect(differences(scene, { ...expected, values }, { ...report, values: found })).toEqual([]);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are not waited for before they have come', async () => {
    const never = openEngine({ count: 4, start: () => undefined });
    never.run(never.fill(3));
    expect(never.filled()).toEqual(Array(256).fill(3));
    const started = startedLanes(3);
    const soon = openEngine(started.lanes);
    for (let value = 1; value <= 200; value++) {
      soon.run(soon.fill(value));
      expect(soon.filled()).toEqual(Array(256).fill(value));
    }
    await started.allPresent();
    soon.run(soon.fill(-1));
    expect(soon.filled()).toEqual(Array(256).fill(-1));
    soon.engine.close();
    await started.ended();
  });

  it('end when the engine is closed, those that come later at once', async () => {
    const started = startedLanes(3);
    const { arena, engine, run, fill } = openEngine(started.lanes);
    await started.allPresent();
    run(fill(1));
    engine.close();
    engine.close();
    expect(await started.ended()).toEqual([0, 0]);
    expect(() => run(fill(1))).toThrow('closed');
    const place = openArena(arena.memory).int32(0).pointer;
    serveLane({ memory: arena.memory, pointer: place, lane: 1 });
  });

  it('end while they have not started working', async () => {
    const started = startedLanes(2);
    openEngine(started.lanes).engine.close();
    expect(await started.ended()).toEqual([0]);
  });

  it('break a run off, and all that follow, when one of them has broken down', () => {
    const { arena, run, fill } = openEngine({ count: 2, start: () => undefined });
    const place = openArena(arena.memory).int32(0).pointer;
    Atomics.store(new Int32Array(arena.memory.buffer, place), PRESENT, 1);
    reportFailure(arena.memory, place);
    expect(() => run(fill(1))).toThrow('broke down');
    expect(() => run(fill(1))).toThrow('broke down');
  });

  it('are 1 to 16, all of which take the same bytes', () => {
    for (const count of [0, 1.5, MOST_LANES + 1, Number.NaN]) {
      expect(() => openEngine({ count, start: () => undefined })).toThrow(RangeError);
    }
    expect(() => openEngine({ count: 2 })).toThrow(RangeError);
    const bytes = measureBytes(layOutLanes);
    for (const count of [1, MOST_LANES]) {
      const memory = createArenaMemory(2 ** 20);
      const start = openArena(memory).int32(0).pointer;
      const arena = openArena(memory);
      wasmEngine.open(arena, { count, start: () => undefined });
      expect(arena.int32(0).pointer).toBe(start + bytes);
    }
  });
});

describe('the WebAssembly engine', () => {
  it('knows the operations that it names and refuses others', () => {
    const { run } = openEngine({ count: 1 });
    for (let code = 1; code <= 40; code++) {
      // Without columns, positions or depth there is nothing to do.
      if (WASM_OPERATIONS.has(code)) run({ code, words: [], numbers: [] });
      else expect(() => run({ code, words: [[word.COLUMNS, 16]], numbers: [] })).toThrow('does not know');
    }
  });
});
