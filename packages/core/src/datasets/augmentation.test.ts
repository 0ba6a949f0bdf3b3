import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LayerShape } from '../kernels/network.ts';
import {
  type Augmentation,
  type CropFill,
  type ImageMove,
  movesByEpoch,
  possibleMoves,
  writeMoved,
} from './augmentation.ts';

const images = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
  .chain(([channels, height, width]) => {
    const length = channels * height * width;
    const shape: LayerShape = [channels, height, width];
    return fc.record({ shape: fc.constant(shape), image: fc.uint8Array({ minLength: length, maxLength: length }) });
  });
const fills = fc.constantFrom<CropFill>('zero', 'edge');
const shifts = fc.integer({ min: -4, max: 4 });
const moves: fc.Arbitrary<ImageMove> = fc.record({ mirrored: fc.boolean(), down: shifts, right: shifts });
const STILL: ImageMove = { mirrored: false, down: 0, right: 0 };

/** Bytes in, bytes out: the levels are the bytes themselves. */
function moved(image: Uint8Array, shape: LayerShape, move: ImageMove, fill: CropFill): Uint8Array {
  const levels = Float64Array.from({ length: 256 * shape[0] }, (_, i) => i % 256);
  // In the middle of larger arrays, whose other entries are not to be touched.
  const row = new Float64Array(image.length + 4).fill(-1);
  writeMoved(row, 2, Uint8Array.of(9, 9, 9, ...image, 9), 3, shape, levels, move, fill);
  expect([row[0], row[1], row[row.length - 2], row[row.length - 1]]).toEqual([-1, -1, -1, -1]);
  return Uint8Array.from(row.subarray(2, 2 + image.length));
}

/** By the book: mirror the image, make the padded image, cut the crop out of it. */
function naive(image: Uint8Array, [channels, height, width]: LayerShape, move: ImageMove, fill: CropFill): number[] {
  const padding = 4;
  return Array.from({ length: channels }, (_, channel) => {
    const rows = Array.from({ length: height }, (_, y) => {
      const row = [...image.subarray((channel * height + y) * width, (channel * height + y + 1) * width)];
      if (move.mirrored) row.reverse();
      const [left, right] = fill === 'edge' ? [row[0], row[width - 1]] : [0, 0];
      return [...new Array<number>(padding).fill(left), ...row, ...new Array<number>(padding).fill(right)];
    });
    const blank = new Array<number>(width + 2 * padding).fill(0);
    const [above, below] = fill === 'edge' ? [rows[0], rows[height - 1]] : [blank, blank];
    const padded = [...new Array<number[]>(padding).fill(above), ...rows, ...new Array<number[]>(padding).fill(below)];
    return padded
      .slice(padding + move.down, padding + move.down + height)
      .flatMap((row) => row.slice(padding + move.right, padding + move.right + width));
  }).flat();
}

describe('writeMoved', () => {
  it('shows what a mirrored, padded and cropped image is', () => {
    fc.assert(
      fc.property(images, moves, fills, ({ image, shape }, move, fill) => {
        expect([...moved(image, shape, move, fill)]).toEqual(naive(image, shape, move, fill));
      }),
      { numRuns: 500 },
    );
  });

  it('without a move is the identity, and mirroring twice is', () => {
    fc.assert(
      fc.property(images, fills, ({ image, shape }, fill) => {
        expect(moved(image, shape, STILL, fill)).toEqual(image);
        const mirror = { ...STILL, mirrored: true };
        expect(moved(moved(image, shape, mirror, fill), shape, mirror, fill)).toEqual(image);
      }),
    );
  });

  it('moved there and back keeps every pixel that stayed in view', () => {
    fc.assert(
      fc.property(images, shifts, shifts, fills, ({ image, shape }, down, right, fill) => {
        const [, height, width] = shape;
        const there = moved(image, shape, { mirrored: false, down, right }, fill);
        const back = moved(there, shape, { mirrored: false, down: -down, right: -right }, fill);
        image.forEach((byte, i) => {
          const y = (Math.floor(i / width) % height) - down;
          const x = (i % width) - right;
          if (y >= 0 && y < height && x >= 0 && x < width) expect(back[i]).toBe(byte);
        });
      }),
    );
  });

  it('fills with what a byte of 0 becomes, channel by channel', () => {
    const levels = Float64Array.from({ length: 512 }, (_, i) => (i < 256 ? i - 10 : i - 276));
    const row = new Float64Array(4);
    writeMoved(row, 0, Uint8Array.of(1, 2, 3, 4), 0, [2, 1, 2], levels, { ...STILL, right: 1 }, 'zero');
    expect([...row]).toEqual([-8, -10, -16, -20]);
  });
});

describe('movesByEpoch', () => {
  const AUGMENTATION: Augmentation = { cropPadding: 2, cropFill: 'edge', flip: true };
  const SHAPE: LayerShape = [3, 8, 8];
  const drawn = (augmentation: Augmentation, seed: number, epoch: number) => {
    const moves = movesByEpoch(augmentation, SHAPE, seed)?.(epoch);
    return Array.from({ length: 200 }, (_, sample) => moves?.of(sample));
  };

  it('draws by seed, epoch and sample alone', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 1_000 }), (seed, epoch) => {
        const once = drawn(AUGMENTATION, seed, epoch);
        const moves = movesByEpoch(AUGMENTATION, SHAPE, seed)?.(epoch);
        for (const sample of [199, 0, 77, 0]) expect(moves?.of(sample)).toEqual(once[sample]);
        expect(drawn(AUGMENTATION, seed, epoch + 1)).not.toEqual(once);
        expect(drawn(AUGMENTATION, seed + 1, epoch)).not.toEqual(once);
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    { cropPadding: 2, flip: true, kinds: 50 },
    { cropPadding: 1, flip: false, kinds: 9 },
    { cropPadding: 0, flip: true, kinds: 2 },
  ])(
    'draws all $kinds moves of a padding of $cropPadding and flip $flip, none much more often',
    ({ kinds, ...rest }) => {
      const augmentation = { ...rest, cropFill: 'zero' } as const;
      expect(possibleMoves(augmentation)).toHaveLength(kinds);
      const moves = movesByEpoch(augmentation, SHAPE, 5)?.(3);
      const counts = new Map<string, number>();
      const samples = 400 * kinds;
      for (let sample = 0; sample < samples; sample++) {
        const { mirrored, down, right } = moves?.of(sample) ?? STILL;
        expect(Math.max(Math.abs(down), Math.abs(right))).toBeLessThanOrEqual(rest.cropPadding);
        const key = `${mirrored} ${down} ${right}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      expect(counts.size).toBe(kinds);
      // Five standard deviations of a count of 400.
      for (const count of counts.values()) expect(Math.abs(count - 400)).toBeLessThan(100);
    },
  );

  it('draws nothing where nothing can move', () => {
    expect(movesByEpoch({ cropPadding: 0, cropFill: 'zero', flip: false }, SHAPE, 1)).toBeUndefined();
  });

  it.each([
    { fault: 'a padding below zero', cropPadding: -1, shape: SHAPE },
    { fault: 'a padding that is no whole number', cropPadding: 0.5, shape: SHAPE },
    { fault: 'a padding as wide as the image', cropPadding: 8, shape: SHAPE },
    { fault: 'samples without rows and columns', cropPadding: 1, shape: [784, 1, 1] as const },
  ])('refuses $fault with RangeError', ({ cropPadding, shape }) => {
    expect(() => movesByEpoch({ cropPadding, cropFill: 'zero', flip: true }, shape, 1)).toThrow(RangeError);
  });
});
