/**
 * Content-addressed bytes in Postgres: a blob is named by its SHA-256 and lies in chunks of 1 MiB.
 *
 * Whoever points at a blob counts a reference in the same transaction. A blob without references may be swept.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { inTransaction } from '../database.ts';

const CHUNK_BYTES = 1_048_576;

export interface BlobInfo {
  readonly sha256: Buffer;
  readonly sizeBytes: number;
}

/** Stores bytes unless they are there already. */
export async function putBlob(pool: pg.Pool, bytes: Uint8Array): Promise<BlobInfo> {
  const sha256 = createHash('sha256').update(bytes).digest();
  await inTransaction(pool, async (client) => {
    // A second writer of the same bytes waits here for the first and then finds the row.
    const inserted = await client.query(
      'INSERT INTO blob (sha256, size_bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1',
      [sha256, bytes.length],
    );
    if (inserted.rowCount === 0) return;
    for (let number = 0; number * CHUNK_BYTES < bytes.length; number++) {
      const chunk = bytes.subarray(number * CHUNK_BYTES, (number + 1) * CHUNK_BYTES);
      await client.query('INSERT INTO blob_chunk (sha256, number, data) VALUES ($1, $2, $3)', [sha256, number, chunk]);
    }
  });
  return { sha256, sizeBytes: bytes.length };
}

/** Counts one more reference; to be called in the transaction that stores the pointer. */
export async function referenceBlob(client: pg.ClientBase, sha256: Uint8Array): Promise<void> {
  const updated = await client.query('UPDATE blob SET reference_count = reference_count + 1 WHERE sha256 = $1', [
    sha256,
  ]);
  if (updated.rowCount !== 1) throw new Error('a blob was referenced that is not stored');
}

/** The bytes `begin` (inclusive) to `end` (exclusive), one piece per chunk; memory stays at one chunk. */
export async function* readBlob(
  pool: pg.Pool,
  sha256: Uint8Array,
  begin: number,
  end: number,
): AsyncGenerator<Buffer, void> {
  const lastChunk = Math.ceil(end / CHUNK_BYTES);
  for (let number = Math.floor(begin / CHUNK_BYTES); number < lastChunk; number++) {
    const offset = number * CHUNK_BYTES;
    const from = Math.max(begin - offset, 0);
    const length = Math.min(end - offset, CHUNK_BYTES) - from;
    const { rows } = await pool.query<{ piece: Buffer }>(
      'SELECT substring(data FROM $3 FOR $4) AS piece FROM blob_chunk WHERE sha256 = $1 AND number = $2',
      [sha256, number, from + 1, length],
    );
    const piece = rows[0]?.piece;
    if (piece?.length !== length) throw new Error(`chunk ${number} of a blob is missing or cut short`);
    yield piece;
  }
}

/** The whole blob in one piece of shared memory, which threads can read without copies. Throws Error when it is not stored. */
export async function loadBlob(pool: pg.Pool, sha256: Uint8Array): Promise<Uint8Array<SharedArrayBuffer>> {
  const { rows } = await pool.query<{ size_bytes: string }>('SELECT size_bytes FROM blob WHERE sha256 = $1', [sha256]);
  const [row] = rows;
  if (row === undefined) throw new Error('a blob is not stored');
  const bytes = new Uint8Array(new SharedArrayBuffer(Number(row.size_bytes)));
  let at = 0;
  for await (const piece of readBlob(pool, sha256, 0, bytes.length)) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
