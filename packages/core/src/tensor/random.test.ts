import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { permutation, philox, type RandomStream, randomStream } from './random.ts';

const seeds = fc.maxSafeNat();
const names = fc.oneof(fc.string(), fc.maxSafeInteger());

function draws(stream: RandomStream, count: number): number[] {
  return Array.from({ length: count }, (_, index) => stream.uniform(index));
}

describe('philox', () => {
  // kat_vectors of the Random123 distribution, lines "philox4x32 10".
  it.each([
    {
      key: [0, 0],
      counter: [0, 0, 0, 0],
      words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    },
    {
      key: [0xffffffff, 0xffffffff],
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      key: [0xa4093822, 0x299f31d0],
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ] as const)('gives the published answer for key $key', ({ key, counter, words }) => {
    expect(philox(key, counter)).toEqual(words);
  });

  it('takes a word and the same word read as a signed number for the same', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(philox([a | 0, b | 0], [c | 0, a | 0, b | 0, c | 0])).toEqual(philox([a, b], [c, a, b, c]));
      }),
    );
  });
});

describe('a random stream', () => {
  it('draws in [0, 1), up to the largest index', () => {
    fc.assert(
      fc.property(seeds, names, fc.maxSafeNat(), (seed, name, index) => {
        const drawn = randomStream(seed, 'any').split(name).uniform(index);
        expect(drawn).toBeGreaterThanOrEqual(0);
        expect(drawn).toBeLessThan(1);
      }),
    );
  });

  it('gives a draw that depends on seed, name and index alone, not on what was drawn before', () => {
    fc.assert(
      fc.property(seeds, fc.string(), fc.array(fc.maxSafeNat(), { maxLength: 20 }), (seed, name, order) => {
        const used = randomStream(seed, name);
        used.split('a child').uniform(3);
        for (const index of order) expect(used.uniform(index)).toBe(randomStream(seed, name).uniform(index));
      }),
    );
  });

  it('differs from the stream of any other name, seed or parent', () => {
    fc.assert(
      fc.property(seeds, names, names, (seed, one, other) => {
        fc.pre(one !== other);
        const root = randomStream(seed, 'root');
        const seen = [
          root,
          root.split(one),
          root.split(other),
          root.split(one).split(other),
          root.split(other).split(one),
          randomStream(seed === 0 ? 1 : seed - 1, 'root'),
        ].map((stream) => draws(stream, 4).join());
        expect(new Set(seen).size).toBe(seen.length);
      }),
    );
  });

  it('tells the number 1 from the text "1", and a name from the same name with zero bytes after it', () => {
    const root = randomStream(0, 'root');
    const streams = [root.split(1), root.split('1'), root.split('1\0'), root.split('1\0\0'), root.split('')];
    expect(new Set(streams.map((stream) => stream.uniform(0))).size).toBe(streams.length);
  });

  it('tells seeds beyond 32 bits from their low words', () => {
    expect(randomStream(5 + 2 ** 32, 'root').uniform(0)).not.toBe(randomStream(5, 'root').uniform(0));
  });

  it.each([-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d as a seed', (seed) => {
    expect(() => randomStream(seed, 'root')).toThrow(RangeError);
  });

  it('is uniform over 64 cells, singly and in pairs of neighbours', () => {
    const count = 64_000;
    const stream = randomStream(20_170_504, 'uniformity');
    const single = new Array<number>(64).fill(0);
    const pairs = new Array<number>(64).fill(0);
    for (let index = 0; index < count; index++) {
      single[Math.floor(stream.uniform(index) * 64)]++;
      const row = Math.floor(stream.uniform(2 * index) * 8);
      pairs[row * 8 + Math.floor(stream.uniform(2 * index + 1) * 8)]++;
    }
    // Chi-square with 63 degrees of freedom: 0.1 % of uniform sources lie beyond 103.4, and as many below 35.
    for (const cells of [single, pairs]) {
      const statistic = cells.reduce((sum, seen) => sum + (seen - count / 64) ** 2 / (count / 64), 0);
      expect(statistic).toBeLessThan(103.4);
      expect(statistic).toBeGreaterThan(34);
    }
  });
});

describe('permutation', () => {
  it('holds every number below its size once, for any size', () => {
    fc.assert(
      fc.property(seeds, fc.nat({ max: 2_000 }), (seed, count) => {
        const order = permutation(randomStream(seed, 'shuffle'), count);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
    );
  });

  it('reaches each of the six orders of three about equally often', () => {
    const stream = randomStream(7, 'shuffle');
    const seen = new Map<string, number>();
    for (let epoch = 0; epoch < 6_000; epoch++) {
      const order = permutation(stream.split(epoch), 3).join();
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    // Five standard deviations of a binomial count with p = 1/6.
    for (const times of seen.values()) expect(Math.abs(times - 1_000)).toBeLessThan(145);
  });
});
