/** Programs are made once, kept while there is room, and made anew when there was none. */
import { describe, expect, it } from 'vitest';
import { fillRows } from './operations.ts';
import { type Compiled, programStore } from './program-store.ts';
import { ALL_TOGETHER } from './split.ts';
import { BEFORE, BEFORE_COUNT, OPERATION_WORDS, RUN_WORDS } from './words.ts';

const ROOM = 3 * (RUN_WORDS + 2 * OPERATION_WORDS) + 64;
const tableOf = (length: number) => ({ pointer: 4096, values: new Int32Array(new SharedArrayBuffer(4 * length)) });

/** Two operations, the second with a number to be set. */
function compiled(value: number): Compiled {
  const first = fillRows({ pointer: 64, stride: 16 }, 16, value);
  const second = fillRows({ pointer: 128, stride: 16 }, 16, value);
  return {
    sections: [[first, second], [], []],
    split: ALL_TOGETHER,
    knobs: [{ operation: second, numbers: ['first'], parameter: undefined }],
  };
}

describe('the program store', () => {
  it('makes a program once', () => {
    const store = programStore(tableOf(ROOM));
    let made = 0;
    const take = (key: number) =>
      store.take(key, () => {
        made++;
        return compiled(key);
      });
    const one = take(1);
    expect(take(1)).toBe(one);
    take(2);
    expect(take(1)).toBe(one);
    expect(made).toBe(2);
    store.forget();
    take(1);
    expect(made).toBe(3);
  });

  it('places programs apart, and knobs on the numbers of their operations', () => {
    const store = programStore(tableOf(ROOM));
    const programs = [5, 6, 7].map((key) => store.take(key, () => compiled(key)));
    programs.forEach((program, k) => {
      const { words, doubles, pointer, knobs } = program;
      expect(words[BEFORE]).toBe(pointer + 4 * RUN_WORDS);
      expect(words[BEFORE_COUNT]).toBe(2);
      expect(knobs.map(({ at }) => doubles[at])).toEqual([5 + k]);
      expect(pointer % 64).toBe(0);
    });
    expect(new Set(programs.map(({ pointer }) => pointer)).size).toBe(3);
  });

  it('starts over when it is full, and refuses what would never fit', () => {
    const store = programStore(tableOf(ROOM));
    const first = store.take(0, () => compiled(0));
    for (let key = 1; key < 20; key++) {
      const { doubles, knobs } = store.take(key, () => compiled(key));
      expect(doubles[knobs[0].at]).toBe(key);
    }
    expect(store.take(0, () => compiled(0))).not.toBe(first);
    expect(() => programStore(tableOf(RUN_WORDS)).take(0, () => compiled(0))).toThrow('longer');
  });
});
