/**
 * The IDX format of the MNIST files: 2 zero bytes, an element type, the number of dimensions, the dimensions as
 * big-endian 32-bit numbers, then the elements, last dimension fastest. Only unsigned bytes (type 8) are read.
 */
import type { Dataset } from './dataset.ts';

const UNSIGNED_BYTE = 0x08;

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

/** Joins an image file [samples, rows, columns] and a label file [samples] to a dataset with inputs in [0, 1]. */
export function datasetFromIdx(name: string, images: Uint8Array, labels: Uint8Array, classCount: number): Dataset {
  const imageTensor = parseIdx(images);
  const labelTensor = parseIdx(labels);
  const [sampleCount, ...rest] = imageTensor.shape;
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
    featureCount: rest.reduce((product, size) => product * size, 1),
    classCount,
  };
}
