/**
 * One shared WebAssembly memory in which every tensor of a job lives.
 *
 * The memory is shared, so that kernels in any thread read the same bytes, and sized before training starts: an arena
 * never grows, and asking for more than it has is a broken prediction, not a condition to handle. Byte 0 to 63 hold the
 * control block; constants of the WebAssembly modules lie below `FIRST_FREE_BYTE`.
 */
export interface Arena extends Allocator {
  readonly memory: ArenaMemory;
  /** Where the control block is; the same memory unless said otherwise. */
  readonly controlledBy: ArenaMemory;
}

export interface Allocator {
  /** A zeroed float32 vector of `length` entries, 64-byte aligned. Throws RangeError when the arena is full. */
  float32(length: number): ArenaVector<Float32Array>;
  /** A zeroed float64 vector of `length` entries, 64-byte aligned. Throws RangeError when the arena is full. */
  float64(length: number): ArenaVector<Float64Array>;
  /** A zeroed int32 vector of `length` entries, 64-byte aligned. Throws RangeError when the arena is full. */
  int32(length: number): ArenaVector<Int32Array>;
}

/** A shared WebAssembly.Memory; it may be posted to other threads. */
export interface ArenaMemory {
  readonly buffer: SharedArrayBuffer;
}

export interface ArenaVector<Values extends Float32Array | Float64Array | Int32Array> {
  /** Byte address inside the memory, as kernels take it. */
  readonly pointer: number;
  readonly values: Values;
}

const PAGE_BYTES = 65_536;
const ALIGNMENT_BYTES = 64;
const FIRST_FREE_BYTE = 4_096;
/** 4 GiB, what 32-bit WebAssembly can address; every memory declares it, because the modules import it so. */
const MAXIMUM_PAGES = 65_536;

/** Allocates a memory that holds at least `payloadBytes` of tensors. Throws RangeError beyond 4 GiB. */
export function createArenaMemory(payloadBytes: number): ArenaMemory {
  const pages = Math.ceil((FIRST_FREE_BYTE + payloadBytes) / PAGE_BYTES);
  if (!(pages <= MAXIMUM_PAGES)) throw new RangeError(`an arena of ${payloadBytes} bytes is beyond 4 GiB`);
  return new WebAssembly.Memory({ initial: pages, maximum: MAXIMUM_PAGES, shared: true });
}

/**
 * Opens a fresh memory for allocation. `controlledBy`: the memory whose control block kernels obey, where several memories
 * belong to one training.
 */
export function openArena(memory: ArenaMemory, controlledBy: ArenaMemory = memory): Arena {
  const sizeBytes = memory.buffer.byteLength;
  let next = FIRST_FREE_BYTE;
  const take = (bytes: number): number => {
    const pointer = next;
    next = Math.ceil((pointer + bytes) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    if (next > sizeBytes) throw new RangeError(`the arena of ${sizeBytes} bytes is full; ${next} were asked for`);
    return pointer;
  };
  return {
    memory,
    controlledBy,
    float32(length) {
      const pointer = take(length * 4);
      return { pointer, values: new Float32Array(memory.buffer, pointer, length) };
    },
    float64(length) {
      const pointer = take(length * 8);
      return { pointer, values: new Float64Array(memory.buffer, pointer, length) };
    },
    int32(length) {
      const pointer = take(length * 4);
      return { pointer, values: new Int32Array(memory.buffer, pointer, length) };
    },
  };
}

/** Bytes that `layOut` takes from an arena: a dry run of the same allocations, so that prediction and use cannot differ. */
export function measureBytes(layOut: (allocator: Allocator) => void): number {
  let bytes = 0;
  const count = (length: number, entryBytes: number): number => {
    const pointer = bytes;
    bytes += Math.ceil((length * entryBytes) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    return pointer;
  };
  layOut({
    float32: (length) => ({ pointer: count(length, 4), values: new Float32Array(0) }),
    float64: (length) => ({ pointer: count(length, 8), values: new Float64Array(0) }),
    int32: (length) => ({ pointer: count(length, 4), values: new Int32Array(0) }),
  });
  return bytes;
}
