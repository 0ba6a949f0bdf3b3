/**
 * The IDX format of the MNIST files: 2 zero bytes, an element type, the number of dimensions, the dimensions as
 * big-endian 32-bit numbers, then the elements, last dimension fastest. Only unsigned bytes (type 8) are read.
 */
import { type LayerShape, unitsOf } from '../kernels/network.ts';
import type { Dataset } from './dataset.ts';

const UNSIGNED_BYTE = 0x08;
const MOST_DIMENSIONS = 255;
const LARGEST_SIZE = 0xffffffff;

export interface IdxTensor {
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

/** Throws RangeError, with the reason, on anything that is not a complete IDX file of bytes. */
export function parseIdx(file: Uint8Array): IdxTensor {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 4) throw new RangeError('an IDX file has at least 4 bytes');
  if (view.getUint16(0) !== 0) throw new RangeError('an IDX file starts with two zero bytes');
  if (file[2] !== UNSIGNED_BYTE) throw new RangeError(`only unsigned bytes are read, element type is ${file[2]}`);
  const dimensions = file[3];
  const headerBytes = 4 + 4 * dimensions;
  if (dimensions < 1 || file.length < headerBytes) throw new RangeError('the IDX header is cut short');
  const shape = Array.from({ length: dimensions }, (_, d) => view.getUint32(4 + 4 * d));
  const elements = shape.reduce((product, size) => product * size, 1);
  if (file.length !== headerBytes + elements) {
    throw new RangeError(`the header promises ${elements} bytes, the file has ${file.length - headerBytes}`);
  }
  return { shape, values: file.subarray(headerBytes) };
}

/** The IDX file of a tensor of bytes. Throws RangeError when shape and values do not fit each other or the format. */
export function encodeIdx(shape: readonly number[], values: Uint8Array): Uint8Array<ArrayBuffer> {
  if (shape.length < 1 || shape.length > MOST_DIMENSIONS)
    throw new RangeError(`no IDX file has ${shape.length} dimensions`);
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 0 || size > LARGEST_SIZE)
      throw new RangeError(`no IDX file has a size of ${size}`);
  }
  const elements = shape.reduce((product, size) => product * size, 1);
  if (elements !== values.length) {
    throw new RangeError(`shape [${shape.join(', ')}] has ${elements} elements, ${values.length} were given`);
  }
  const headerBytes = 4 + 4 * shape.length;
  const file = new Uint8Array(headerBytes + values.length);
  const view = new DataView(file.buffer);
  file[2] = UNSIGNED_BYTE;
  file[3] = shape.length;
  for (const [d, size] of shape.entries()) view.setUint32(4 + 4 * d, size);
  file.set(values, headerBytes);
  return file;
}

/**
 * Joins a file of samples and a file of labels [samples] to a dataset with inputs in [0, 1]. Samples are images
 * [samples, channels, rows, columns], images of one channel [samples, rows, columns] or features [samples, features].
 */
export function datasetFromIdx(name: string, images: Uint8Array, labels: Uint8Array, classCount: number): Dataset {
  const imageTensor = parseIdx(images);
  const labelTensor = parseIdx(labels);
  const [sampleCount, ...rest] = imageTensor.shape;
  const shape = sampleShape(rest);
  if (labelTensor.shape.length !== 1 || labelTensor.shape[0] !== sampleCount) {
    throw new RangeError(`${sampleCount} images but labels of shape [${labelTensor.shape.join(', ')}]`);
  }
  const wrong = labelTensor.values.findIndex((label) => label >= classCount);
  if (wrong >= 0)
    throw new RangeError(`label ${wrong} is ${labelTensor.values[wrong]}, classes end at ${classCount - 1}`);
  return {
    name,
    inputs: imageTensor.values,
    inputScale: 1 / 255,
    labels: labelTensor.values,
    sampleCount,
    shape,
    featureCount: unitsOf(shape),
    classCount,
  };
}

function sampleShape(sizes: readonly number[]): LayerShape {
  switch (sizes.length) {
    case 1:
      return [sizes[0], 1, 1];
    case 2:
      return [1, sizes[0], sizes[1]];
    case 3:
      return [sizes[0], sizes[1], sizes[2]];
    default:
      throw new RangeError(`a file of samples has 2 to 4 dimensions, this one has ${sizes.length + 1}`);
  }
}
