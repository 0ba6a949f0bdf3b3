import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseByteRange } from './byte-range.ts';

const size = fc.integer({ min: 1, max: 10_000 });

describe('parseByteRange', () => {
  it('gives the bytes that were asked for, cut at the end of the file', () => {
    fc.assert(
      fc.property(size, fc.nat(9_999), fc.nat(20_000), (sizeBytes, first, length) => {
        const range = parseByteRange(`bytes=${first}-${first + length}`, sizeBytes);
        if (first >= sizeBytes) expect(range).toEqual({ kind: 'unsatisfiable' });
        else expect(range).toEqual({ kind: 'part', begin: first, end: Math.min(first + length + 1, sizeBytes) });
      }),
    );
  });

  it('gives the last bytes for a suffix, and all of them for one longer than the file', () => {
    fc.assert(
      fc.property(size, fc.integer({ min: 1, max: 20_000 }), (sizeBytes, length) => {
        const begin = Math.max(sizeBytes - length, 0);
        expect(parseByteRange(`bytes=-${length}`, sizeBytes)).toEqual({ kind: 'part', begin, end: sizeBytes });
      }),
    );
    expect(parseByteRange('bytes=-0', 10)).toEqual({ kind: 'unsatisfiable' });
  });

  it('never gives bytes outside the file, whatever the header says', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `bytes=${text}`),
        ),
        size,
        (header, sizeBytes) => {
          const range = parseByteRange(header, sizeBytes);
          if (range.kind !== 'part') return;
          expect(range.begin).toBeGreaterThanOrEqual(0);
          expect(range.begin).toBeLessThan(range.end);
          expect(range.end).toBeLessThanOrEqual(sizeBytes);
        },
      ),
    );
  });

  it.each([undefined, '', 'bytes=', 'bytes=-', 'bytes=5-2', 'bytes=0-1,3-4', 'items=0-1', 'bytes=a-b'])(
    'answers with the whole file to %j, as the standard asks',
    (header) => {
      expect(parseByteRange(header, 10)).toEqual({ kind: 'whole' });
    },
  );
});
