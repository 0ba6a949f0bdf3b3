/**
 * Counter-based random numbers: Philox 4x32 with 10 rounds.
 *
 *   block(key, counter) → four 32-bit words, a bijection of the counter for every key
 *
 * A draw depends only on (seed, stream name, index), never on how many draws came before. So a resumed job, a job on
 * more lanes and a job with another diagnostic switched on all see the same numbers, and no state has to be saved.
 *
 * Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 */
export interface RandomStream {
  /** Uniform on [0, 1) with 32 bits, the `index`-th of the stream; 0 <= index < 2^53. */
  uniform(index: number): number;
  /** A stream of its own under this one, e.g. one per epoch. */
  split(name: string | number): RandomStream;
}

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;
const TWO_TO_32 = 4_294_967_296;

/** The four words of one Philox block; exported for the published test vectors. */
export function philox(key: readonly [number, number], counter: readonly [number, number, number, number]) {
  let [k0, k1] = key;
  let [c0, c1, c2, c3] = counter;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0] as const;
}

/** The root stream of a job; `seed` is a whole number in [0, 2^53). */
export function randomStream(seed: number, name: string): RandomStream {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`seed must be a whole number >= 0, got ${seed}`);
  return streamOf([seed >>> 0, Math.floor(seed / TWO_TO_32)]).split(name);
}

function streamOf(key: readonly [number, number]): RandomStream {
  return {
    uniform(index) {
      const block = Math.floor(index / 4);
      const words = philox(key, [block >>> 0, Math.floor(block / TWO_TO_32), 0, 0]);
      return words[index % 4] / TWO_TO_32;
    },
    split(name) {
      // The name is absorbed four bytes at a time; counter word 3 = 1 keeps these blocks apart from the draws.
      const bytes = new TextEncoder().encode(`${typeof name}:${name}`);
      let [k0, k1] = key;
      for (let at = 0; at <= bytes.length; at += 4) {
        const word =
          (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
        const mixed = philox([k0, k1], [word, at, bytes.length, 1]);
        k0 = mixed[0];
        k1 = mixed[1];
      }
      return streamOf([k0, k1]);
    },
  };
}

/** A permutation of 0 … count − 1 (Fisher–Yates, with the stream's first `count` draws). */
export function permutation(stream: RandomStream, count: number): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(stream.uniform(i) * (i + 1));
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}

/** The high 32 bits of the unsigned product of two 32-bit words. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 65_536);
  const middleLow = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 65_536) + Math.floor(middleLow / 65_536)) | 0;
}
