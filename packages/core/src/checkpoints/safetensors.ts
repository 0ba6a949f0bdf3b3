/**
 * The safetensors format: an 8-byte little-endian header length, a JSON header, then raw little-endian bytes.
 *
 * Files come from outside, so the reader believes nothing: header size, dtype, shape, offsets, order, gaps and overlaps are
 * checked before a byte is interpreted. Format: https://github.com/huggingface/safetensors.
 */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly NamedTensor[];
}

/** A file that is not valid safetensors of float32 tensors; the message says where. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';
}

const LENGTH_BYTES = 8;
const MAXIMUM_HEADER_BYTES = 1_000_000;

/** The same input gives the same bytes: tensors and metadata keep their order, and nothing else is written. */
export function writeSafetensors({ metadata, tensors }: SafetensorsFile): Uint8Array {
  let offset = 0;
  const entries: Record<string, unknown> = { __metadata__: metadata };
  for (const { name, shape, values } of tensors) {
    entries[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const json = JSON.stringify(entries);
  const text = new TextEncoder().encode(json);
  const headerBytes = Math.ceil(text.length / 8) * 8;
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
    if (name === '__metadata__') {
      metadata = parseMetadata(entry);
      continue;
    }
    const { shape, begin, end } = parseEntry(name, entry);
    if (begin !== expected) throw new SafetensorsError(`${name}: data begins at ${begin}, not at ${expected}`);
    if (end > file.length - bodyStart) throw new SafetensorsError(`${name}: data ends beyond the file`);
    // Copied, because the body need not be aligned to four bytes in memory.
    const bytes = file.slice(bodyStart + begin, bodyStart + end);
    tensors.push({ name, shape, values: new Float32Array(bytes.buffer) });
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
  if (!isRecord(entry)) throw new SafetensorsError('__metadata__ is not an object');
  const metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== 'string') throw new SafetensorsError(`__metadata__.${key} is not a string`);
    metadata[key] = value;
  }
  return metadata;
}

function parseEntry(name: string, entry: unknown): { shape: number[]; begin: number; end: number } {
  if (!isRecord(entry)) throw new SafetensorsError(`${name}: not an object`);
  if (entry.dtype !== 'F32') throw new SafetensorsError(`${name}: dtype is not F32`);
  const shape = parseCounts(entry.shape);
  const offsets = parseCounts(entry.data_offsets);
  if (shape === undefined) throw new SafetensorsError(`${name}: shape is not a list of whole numbers`);
  if (offsets?.length !== 2) throw new SafetensorsError(`${name}: data_offsets are not two whole numbers`);
  const [begin, end] = offsets;
  const bytes = shape.reduce((product, size) => product * size, 4);
  if (end - begin !== bytes) throw new SafetensorsError(`${name}: ${end - begin} bytes for a shape of ${bytes}`);
  return { shape, begin, end };
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
