/**
 * Small moves of training images: a mirrored image is as likely as the image, then a crop of the padded image is shown.
 *
 *   shown[y][x] = image[y + down][x + right],   down and right uniform on −cropPadding … cropPadding
 *
 * All channels of an image move together. Pixels beyond the border are those of the border (`edge`), or what a byte of 0
 * becomes (`zero`): black before normalization, as in the papers, not the mean.
 *
 * One draw a sample from the stream `augment`, by epoch and number of the sample in its dataset: a resumed job, or one
 * with other batches, draws the same.
 */
import type { Values } from '../kernels/kernel-set.ts';
import type { LayerShape } from '../kernels/network.ts';
import { type RandomStream, randomStream } from '../tensor/random.ts';
import { BYTE_VALUES } from './normalization.ts';

export type CropFill = 'zero' | 'edge';

export interface Augmentation {
  /** Pixels of padding on every side before the crop; 0 shifts nothing. */
  readonly cropPadding: number;
  readonly cropFill: CropFill;
  /** Whether half of the images are mirrored, left to right. */
  readonly flip: boolean;
}

export interface ImageMove {
  readonly mirrored: boolean;
  readonly down: number;
  readonly right: number;
}

/** The moves of all samples in one epoch. */
export interface EpochMoves {
  readonly cropFill: CropFill;
  of(sample: number): ImageMove;
}

/** Every move that an augmentation may draw, each as likely as the others. */
export function possibleMoves({ cropPadding, flip }: Augmentation): readonly ImageMove[] {
  const shifts = Array.from({ length: 2 * cropPadding + 1 }, (_, i) => i - cropPadding);
  return (flip ? [false, true] : [false]).flatMap((mirrored) =>
    shifts.flatMap((down) => shifts.map((right) => ({ mirrored, down, right }))),
  );
}

/** The moves by epoch; undefined when nothing moves. Throws RangeError when samples of this shape cannot be cropped so. */
export function movesByEpoch(
  augmentation: Augmentation,
  [, height, width]: LayerShape,
  seed: number,
): ((epoch: number) => EpochMoves) | undefined {
  const { cropPadding, cropFill } = augmentation;
  if (!Number.isInteger(cropPadding) || cropPadding < 0) {
    throw new RangeError(`the padding of a crop is a whole number >= 0, got ${cropPadding}`);
  }
  // Beyond it a crop may hold no pixel of its image; so nothing without rows and columns can be cropped.
  if (cropPadding > 0 && cropPadding >= Math.min(height, width)) {
    throw new RangeError(`images of ${height} x ${width} cannot be padded by ${cropPadding} for a crop`);
  }
  const moves = possibleMoves(augmentation);
  if (moves.length === 1) return undefined;
  const stream = randomStream(seed, 'augment');
  return (epoch) => epochMoves(moves, cropFill, stream.split(epoch));
}

function epochMoves(moves: readonly ImageMove[], cropFill: CropFill, stream: RandomStream): EpochMoves {
  return { cropFill, of: (sample) => moves[Math.floor(stream.uniform(sample) * moves.length)] };
}

/** Writes the moved image at `bytes[from …]` to `row[to …]`, [channels, height, width], through its table of levels. */
export function writeMoved(
  row: Values,
  to: number,
  bytes: Uint8Array,
  from: number,
  [channels, height, width]: LayerShape,
  levels: Float64Array,
  { mirrored, down, right }: ImageMove,
  cropFill: CropFill,
): void {
  let at = to;
  for (let channel = 0; channel < channels; channel++) {
    const level = channel * BYTE_VALUES;
    const plane = from + channel * height * width;
    for (let y = 0; y < height; y++) {
      const sourceY = y + down;
      const nearestY = Math.min(Math.max(sourceY, 0), height - 1);
      for (let x = 0; x < width; x++) {
        const sourceX = x + right;
        const nearestX = Math.min(Math.max(sourceX, 0), width - 1);
        const outside = nearestX !== sourceX || nearestY !== sourceY;
        const column = mirrored ? width - 1 - nearestX : nearestX;
        const byte = outside && cropFill === 'zero' ? 0 : bytes[plane + nearestY * width + column];
        row[at++] = levels[level + byte];
      }
    }
  }
}
