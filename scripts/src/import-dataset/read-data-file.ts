/** The bytes of a local file, unpacked where it is gzip'd, as most datasets are published. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

export interface DataFile {
  /** Without its folder, for messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** No blob is bounded by the store, but `readFile` ends here, and workers hold a dataset in memory as a whole. */
const LARGEST_FILE_BYTES = 2 ** 31 - 1;

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'is a folder',
  EACCES: 'may not be read',
  ERR_FS_FILE_TOO_LARGE: 'is larger than 2 GiB',
  ERR_BUFFER_TOO_LARGE: 'is larger than 2 GiB when unpacked',
  Z_DATA_ERROR: 'is not a sound gzip file',
  Z_BUF_ERROR: 'is a gzip file that is cut short',
};

/** Throws RangeError, with the file and the reason in one line, when it cannot be read. */
export async function readDataFile(file: string): Promise<DataFile> {
  const name = path.basename(file);
  try {
    const bytes = await readFile(file);
    return {
      name,
      bytes: isGzip(bytes) ? await promisify(gunzip)(bytes, { maxOutputLength: LARGEST_FILE_BYTES }) : bytes,
    };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const fault = FAULTS[code];
    if (fault === undefined) throw error;
    throw new RangeError(`${file}: ${fault}`, { cause: error });
  }
}

/** By content, not by name: neither an IDX file (0) nor a CIFAR-10 file (a label up to 9) starts with these. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}
