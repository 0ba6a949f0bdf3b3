/**
 * An arena whose vectors lie apart, with bytes between them that belong to nobody: whoever writes beside a vector changes
 * them, and whoever reads beside one computes something else when they are filled with something else. AddressSanitizer
 * does not see either, because the whole arena is one allocation.
 */
import { type Arena, type ArenaMemory, type ArenaVector, createArenaMemory, openArena } from '../../tensor/arena.ts';

export interface GuardedArena extends Arena {
  /** Byte addresses of the guards that are not as they were. */
  brokenGuards(): readonly number[];
  /** How many guards there are. */
  guards(): number;
}

/** Int32 words of a guard: one cache line more than the widest vector of a processor reads at once. */
const GUARD_WORDS = 32;

/** `fill`: the byte in the guards; 0xff makes NaN of every number, 0 a zero. */
export function guardedArena(memory: ArenaMemory, fill: number): GuardedArena {
  const inner = openArena(memory);
  const guards: { readonly pointer: number; readonly bytes: Uint8Array }[] = [];
  const guard = () => {
    const { pointer, values } = inner.int32(GUARD_WORDS);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    guards.push({ pointer, bytes: bytes.fill(fill) });
  };
  const between = <Values extends Float32Array | Float64Array | Int32Array>(take: () => ArenaVector<Values>) => {
    if (guards.length === 0) guard();
    const vector = take();
    guard();
    return vector;
  };
  return {
    memory,
    controlledBy: inner.controlledBy,
    float32: (length) => between(() => inner.float32(length)),
    float64: (length) => between(() => inner.float64(length)),
    int32: (length) => between(() => inner.int32(length)),
    brokenGuards: () => guards.filter(({ bytes }) => bytes.some((byte) => byte !== fill)).map(({ pointer }) => pointer),
    guards: () => guards.length,
  };
}

/** Vectors that anything in a test takes at most. */
const MOST_VECTORS = 8_192;

/** A memory with room for what takes `bytes` of an arena, guards included. */
export function guardedMemory(bytes: number): ArenaMemory {
  return createArenaMemory(bytes + MOST_VECTORS * GUARD_WORDS * 4);
}
