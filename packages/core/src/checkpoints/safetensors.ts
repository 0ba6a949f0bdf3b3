/**
 * The safetensors format: an 8-byte little-endian header length, a JSON header, then raw little-endian bytes.
 *
 * Files come from outside, so the reader believes nothing: header size, dtype, shape, offsets, order, gaps and overlaps are
 * checked before a byte is interpreted. Format: https://github.com/huggingface/safetensors.
 */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array;
}

export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly NamedTensor[];
}

/** A file that is not valid safetensors of float tensors; the message says where. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';
}

const LENGTH_BYTES = 8;
const MAXIMUM_HEADER_BYTES = 1_000_000;
const METADATA = '__metadata__';
const ELEMENT_BYTES = { F32: 4, F64: 8 } as const;

/**
 * The same input gives the same bytes: tensors and metadata keep their order, and nothing else is written. Throws
 * RangeError on what could not be read back: a name that the keys of a JSON object do not keep (twice the same, or a plain
 * number, which would move to the front), a shape that is not that of the values, or a header beyond 1 MB.
 */
export function writeSafetensors({ metadata, tensors }: SafetensorsFile): Uint8Array {
  let offset = 0;
  // Without a prototype, every name is a key like any other.
  const entries: Record<string, unknown> = Object.create(null);
  entries[METADATA] = metadata;
  for (const { name, shape, values } of tensors) {
    if (name in entries || /^\d+$/.test(name)) throw new RangeError(`${JSON.stringify(name)} cannot name a tensor`);
    if (elementsOf(shape) !== values.length) {
      throw new RangeError(`${name}: ${values.length} values for a shape of ${elementsOf(shape)}`);
    }
    const dtype = values instanceof Float32Array ? 'F32' : 'F64';
    entries[name] = { dtype, shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const json = JSON.stringify(entries);
  const text = new TextEncoder().encode(json);
  const headerBytes = Math.ceil(text.length / 8) * 8;
  if (headerBytes > MAXIMUM_HEADER_BYTES) throw new RangeError(`a header of ${headerBytes} bytes is beyond 1 MB`);
  const file = new Uint8Array(LENGTH_BYTES + headerBytes + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes);
  file.set(text, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerBytes;
  for (const { values } of tensors) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return file;
}

/** Throws SafetensorsError on any file that is not exactly what `writeSafetensors` could have written. */
export function readSafetensors(file: Uint8Array): SafetensorsFile {
  if (file.length < LENGTH_BYTES) throw new SafetensorsError('shorter than its length field');
  const declared = new DataView(file.buffer, file.byteOffset, file.byteLength).getBigUint64(0, true);
  if (declared > BigInt(MAXIMUM_HEADER_BYTES)) throw new SafetensorsError('the header is larger than 1 MB');
  const headerBytes = Number(declared);
  const bodyStart = LENGTH_BYTES + headerBytes;
  if (file.length < bodyStart) throw new SafetensorsError('the header is cut short');
  const header = parseHeader(file.subarray(LENGTH_BYTES, bodyStart));
  let metadata: Record<string, string> = {};
  const tensors: NamedTensor[] = [];
  let expected = 0;
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA) {
      metadata = parseMetadata(entry);
      continue;
    }
    const { dtype, shape, begin, end } = parseEntry(name, entry);
    if (begin !== expected) throw new SafetensorsError(`${name}: data begins at ${begin}, not at ${expected}`);
    if (end > file.length - bodyStart) throw new SafetensorsError(`${name}: data ends beyond the file`);
    // Copied, because the body need not be aligned in memory; by hand, because `slice` of a Node Buffer does not copy.
    const { buffer } = new Uint8Array(file.subarray(bodyStart + begin, bodyStart + end));
    tensors.push({ name, shape, values: dtype === 'F32' ? new Float32Array(buffer) : new Float64Array(buffer) });
    expected = end;
  }
  if (expected !== file.length - bodyStart) throw new SafetensorsError('bytes are left over after the last tensor');
  return { metadata, tensors };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new SafetensorsError('the header is not JSON');
  }
  if (!isRecord(header)) throw new SafetensorsError('the header is not an object');
  return header;
}

function parseMetadata(entry: unknown): Record<string, string> {
  if (!isRecord(entry)) throw new SafetensorsError(`${METADATA} is not an object`);
  const texts = Object.entries(entry).map(([key, value]): [string, string] => {
    if (typeof value !== 'string') throw new SafetensorsError(`${METADATA}.${key} is not a string`);
    return [key, value];
  });
  return Object.fromEntries(texts);
}

interface Entry {
  readonly dtype: keyof typeof ELEMENT_BYTES;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function parseEntry(name: string, entry: unknown): Entry {
  if (!isRecord(entry)) throw new SafetensorsError(`${name}: not an object`);
  const { dtype } = entry;
  if (dtype !== 'F32' && dtype !== 'F64') throw new SafetensorsError(`${name}: dtype is neither F32 nor F64`);
  const shape = parseCounts(entry.shape);
  const offsets = parseCounts(entry.data_offsets);
  if (shape === undefined) throw new SafetensorsError(`${name}: shape is not a list of whole numbers`);
  if (offsets?.length !== 2) throw new SafetensorsError(`${name}: data_offsets are not two whole numbers`);
  const [begin, end] = offsets;
  const bytes = elementsOf(shape) * ELEMENT_BYTES[dtype];
  if (end - begin !== bytes) throw new SafetensorsError(`${name}: ${end - begin} bytes for a shape of ${bytes}`);
  return { dtype, shape, begin, end };
}

function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function parseCounts(value: unknown): number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const counts: number[] = [];
  for (const entry of value) {
    if (typeof entry !== 'number' || !Number.isSafeInteger(entry) || entry < 0) return undefined;
    counts.push(entry);
  }
  return counts;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
