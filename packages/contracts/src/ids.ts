/**
 * Ids: a prefix that says what the thing is, then a UUIDv7 in Crockford's base 32 (26 characters, sortable by time).
 *
 * The database stores the UUID alone; the prefix is put on and taken off at the border of the store.
 */
import { uuidv7 } from 'uuidv7';

const PREFIXES = {
  organisation: 'org',
  project: 'prj',
  apiKey: 'key',
  dataset: 'ds',
  job: 'job',
  checkpoint: 'ckpt',
  worker: 'wrk',
  request: 'req',
} as const;

export type IdKind = keyof typeof PREFIXES;
export type Id<Kind extends IdKind> = `${(typeof PREFIXES)[Kind]}_${string}`;
export type OrganisationId = Id<'organisation'>;
export type ProjectId = Id<'project'>;
export type ApiKeyId = Id<'apiKey'>;
export type DatasetId = Id<'dataset'>;
export type JobId = Id<'job'>;
export type CheckpointId = Id<'checkpoint'>;
export type WorkerId = Id<'worker'>;

/** Crockford's alphabet: no I, L, O, U. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const DIGITS = 26;
const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function newId<Kind extends IdKind>(kind: Kind): Id<Kind> {
  return idFromUuid(kind, uuidv7());
}

/** Throws RangeError on text that is not a lower-case UUID: only the database and `newId` call it. */
export function idFromUuid<Kind extends IdKind>(kind: Kind, uuid: string): Id<Kind> {
  if (!UUID_PATTERN.test(uuid)) throw new RangeError('not a UUID');
  let value = BigInt(`0x${uuid.replaceAll('-', '')}`);
  let text = '';
  for (let digit = 0; digit < DIGITS; digit++) {
    text = ALPHABET[Number(value & 31n)] + text;
    value >>= 5n;
  }
  return `${PREFIXES[kind]}_${text}`;
}

/** The UUID inside an id of this kind, or undefined when the text is not one: ids in a URL are hostile input. */
export function uuidFromId(kind: IdKind, text: string): string | undefined {
  const prefix = `${PREFIXES[kind]}_`;
  if (!text.startsWith(prefix) || text.length !== prefix.length + DIGITS) return undefined;
  let value = 0n;
  for (const character of text.slice(prefix.length)) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return undefined;
    value = (value << 5n) | BigInt(digit);
  }
  if (value >> 128n !== 0n) return undefined;
  const hex = value.toString(16).padStart(32, '0');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Narrows text to an id of this kind. */
export function isId<Kind extends IdKind>(kind: Kind, text: string): text is Id<Kind> {
  return uuidFromId(kind, text) !== undefined;
}
