/**
 * The binary format of CIFAR-10: records of one label byte, then 32 x 32 bytes of red, of green and of blue, rows from
 * the top. Nothing marks the start of a file, so that length and labels are all there is to check.
 *
 * A. Krizhevsky, "Learning multiple layers of features from tiny images" (2009), the "binary version" of its web page.
 */
import type { LayerShape } from '../kernels/network.ts';

export const CIFAR10_SHAPE: LayerShape = [3, 32, 32];
export const CIFAR10_CLASSES = 10;

const IMAGE_BYTES = 3 * 32 * 32;
const RECORD_BYTES = 1 + IMAGE_BYTES;

export interface Cifar10File {
  /** For messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Cifar10Images {
  readonly sampleCount: number;
  /** [sampleCount, 3, 32, 32]. */
  readonly images: Uint8Array<ArrayBuffer>;
  /** [sampleCount]. */
  readonly labels: Uint8Array<ArrayBuffer>;
}

/** All records of the files in their order. Throws RangeError, with file and record, on anything that is not CIFAR-10. */
export function parseCifar10(files: readonly Cifar10File[]): Cifar10Images {
  const sampleCount = files.reduce((count, file) => count + recordCount(file), 0);
  const images = new Uint8Array(sampleCount * IMAGE_BYTES);
  const labels = new Uint8Array(sampleCount);
  let sample = 0;
  for (const { name, bytes } of files) {
    for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
      const label = bytes[at];
      if (label >= CIFAR10_CLASSES) {
        throw new RangeError(`${name}: record ${at / RECORD_BYTES} has label ${label}, classes end at 9`);
      }
      labels[sample] = label;
      images.set(bytes.subarray(at + 1, at + RECORD_BYTES), sample * IMAGE_BYTES);
      sample++;
    }
  }
  return { sampleCount, images, labels };
}

function recordCount({ name, bytes }: Cifar10File): number {
  if (bytes.length === 0) throw new RangeError(`${name}: the file is empty`);
  const surplus = bytes.length % RECORD_BYTES;
  const records = (bytes.length - surplus) / RECORD_BYTES;
  if (surplus !== 0) {
    throw new RangeError(`${name}: record ${records} is cut short, it has ${surplus} of ${RECORD_BYTES} bytes`);
  }
  return records;
}
