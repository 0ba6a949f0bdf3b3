import { createHash } from 'node:crypto';
import { loadBlob, putBlob, readBlob } from '@settle/store';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStore, type TestStore } from '../../../../testing/test-store.ts';

const MEBIBYTE = 1_048_576;

describe('the blob store', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await startTestStore();
  });
  afterAll(() => store.close());

  const bytesOf = (length: number, seed: number) => Uint8Array.from({ length }, (_, i) => (i * 31 + seed) % 251);

  it.each([0, 1, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 3 * MEBIBYTE + 7])('gives back %i bytes', async (length) => {
    const bytes = bytesOf(length, 1);
    const blob = await putBlob(store.database.pool, bytes);
    expect(blob.sizeBytes).toBe(length);
    expect(blob.sha256.toString('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
    const loaded = await loadBlob(store.database.pool, blob.sha256);
    expect(Buffer.compare(loaded, bytes)).toBe(0);
  });

  it('gives any range, across chunks, as the file has it', async () => {
    const bytes = bytesOf(2 * MEBIBYTE + 1_000, 2);
    const { sha256 } = await putBlob(store.database.pool, bytes);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(bytes.length), async (begin, length) => {
        const end = Math.min(begin + length, bytes.length);
        const pieces: Buffer[] = [];
        for await (const piece of readBlob(store.database.pool, sha256, begin, end)) pieces.push(piece);
        expect(Buffer.compare(Buffer.concat(pieces), bytes.subarray(begin, end))).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('stores the same bytes once, also when many write them at the same time', async () => {
    const bytes = bytesOf(MEBIBYTE + 5, 3);
    const blobs = await Promise.all(Array.from({ length: 5 }, () => putBlob(store.database.pool, bytes)));
    expect(new Set(blobs.map((blob) => blob.sha256.toString('hex'))).size).toBe(1);
    const { rows } = await store.database.pool.query<{ chunks: string }>(
      'SELECT count(*) AS chunks FROM blob_chunk WHERE sha256 = $1',
      [blobs[0]?.sha256],
    );
    expect(rows[0]?.chunks).toBe('2');
  });
});
