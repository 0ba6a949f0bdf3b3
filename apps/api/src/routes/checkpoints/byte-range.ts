/** One byte range of a `Range` header (RFC 9110, 14.2). */
export type ByteRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly begin: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

/** `end` is exclusive. A header that is not one range of bytes is ignored, as the standard asks: the answer is whole. */
export function parseByteRange(header: string | undefined, sizeBytes: number): ByteRange {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (match === null || (first === '' && last === '')) return { kind: 'whole' };
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes);
    return length === 0 ? { kind: 'unsatisfiable' } : { kind: 'part', begin: sizeBytes - length, end: sizeBytes };
  }
  const begin = Number(first);
  const end = last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (last !== '' && Number(last) < begin) return { kind: 'whole' };
  return begin >= sizeBytes ? { kind: 'unsatisfiable' } : { kind: 'part', begin, end };
}
