import { expect, it } from 'vitest';
import { guardedArena, guardedMemory } from './guarded-arena.ts';

it.each([0x00, 0xff])('a byte written beside a vector is found, on either side, with guards of %i', (fill) => {
  const arena = guardedArena(guardedMemory(10_000), fill);
  const first = arena.float32(64);
  const second = arena.float64(16);
  first.values.fill(1);
  second.values.fill(2);
  expect(arena.brokenGuards()).toEqual([]);
  expect(arena.guards()).toBe(3);
  const bytes = new Uint8Array(arena.memory.buffer);
  for (const [at, broken] of [
    [first.pointer - 1, 1],
    [second.pointer - 1, 2],
    [second.pointer + second.values.byteLength, 3],
  ] as const) {
    bytes[at] ^= 1;
    expect(arena.brokenGuards()).toHaveLength(broken);
  }
});

it('vectors are zero and aligned, as in any arena', () => {
  const arena = guardedArena(guardedMemory(1_000), 0xff);
  for (const { pointer, values } of [arena.float32(3), arena.int32(5), arena.float64(1)]) {
    expect(pointer % 64).toBe(0);
    expect([...values].every((value) => value === 0)).toBe(true);
  }
});
