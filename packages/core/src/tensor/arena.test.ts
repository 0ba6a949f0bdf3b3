import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Allocator, createArenaMemory, measureBytes, openArena } from './arena.ts';
import { controlBlock } from './control-block.ts';

interface Request {
  readonly type: 'float32' | 'float64' | 'int32';
  readonly length: number;
}

const requests = fc.array(
  fc.record({
    type: fc.constantFrom('float32', 'float64', 'int32'),
    length: fc.nat({ max: 300 }),
  }) satisfies fc.Arbitrary<Request>,
  { maxLength: 20 },
);

const take = (allocator: Allocator, { type, length }: Request) => allocator[type](length);

describe('an arena', () => {
  it('gives zeroed vectors of the asked length, 64-byte aligned, at their pointer in its memory', () => {
    fc.assert(
      fc.property(requests, (asked) => {
        const arena = openArena(createArenaMemory(100_000));
        for (const request of asked) {
          const { pointer, values } = take(arena, request);
          expect(pointer % 64).toBe(0);
          expect(values.byteOffset).toBe(pointer);
          expect(values.buffer).toBe(arena.memory.buffer);
          expect(values.length).toBe(request.length);
          expect(values.every((value) => value === 0)).toBe(true);
        }
      }),
    );
  });

  it('never gives the same byte twice, nor one of the control block', () => {
    fc.assert(
      fc.property(requests, (asked) => {
        const arena = openArena(createArenaMemory(100_000));
        const vectors = asked.map((request) => take(arena, request).values);
        vectors.forEach((values, owner) => {
          values.fill(owner + 1);
        });
        vectors.forEach((values, owner) => {
          expect(values.every((value) => value === owner + 1)).toBe(true);
        });
        expect(new Int32Array(arena.memory.buffer, 0, 16).every((word) => word === 0)).toBe(true);
        expect(controlBlock(arena.memory).stopRequest()).toBe('none');
      }),
    );
  });

  it('takes exactly the measured bytes: a memory of them holds all vectors, and what is left fits to the last float', () => {
    fc.assert(
      fc.property(requests, (asked) => {
        const bytes = measureBytes((allocator) => {
          for (const request of asked) take(allocator, request);
        });
        const memory = createArenaMemory(bytes);
        const firstByte = openArena(memory).float32(0).pointer;
        const left = (memory.buffer.byteLength - firstByte - bytes) / 4;
        const fill = () => {
          const arena = openArena(memory);
          for (const request of asked) take(arena, request);
          return arena;
        };
        expect(fill().float32(left).values.length).toBe(left);
        expect(() => fill().float32(left + 1)).toThrow(RangeError);
      }),
    );
  });

  it('refuses with RangeError what it has no room for, of any type', () => {
    const memory = createArenaMemory(0);
    const beyond = memory.buffer.byteLength / 4;
    expect(() => openArena(memory).float32(beyond)).toThrow(RangeError);
    expect(() => openArena(memory).float64(beyond / 2)).toThrow(RangeError);
    expect(() => openArena(memory).int32(beyond)).toThrow(RangeError);
  });

  it.each([2 ** 32, Number.POSITIVE_INFINITY, Number.NaN])('refuses a memory for %d bytes with RangeError', (bytes) => {
    expect(() => createArenaMemory(bytes)).toThrow(RangeError);
  });

  it('lies in shared memory, so that every thread reads the same bytes', () => {
    expect(createArenaMemory(1).buffer).toBeInstanceOf(SharedArrayBuffer);
  });
});
