/** Small parsers for data from outside, each of which names the field that is wrong in its RangeError. */
export type Fields = Readonly<Record<string, unknown>>;

export function recordOf(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RangeError(`${name} is not an object`);
  return Object.fromEntries(Object.entries(value));
}

export function stringOf(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new RangeError(`${name} is not a string`);
  return value;
}

export function numberOf(value: unknown, name: string): number {
  if (typeof value !== 'number') throw new RangeError(`${name} is not a number`);
  return value;
}

/** A whole number, such as a layer's. */
export function wholeOf(value: unknown, name: string): number {
  const number = numberOf(value, name);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${name} is not a whole number`);
  return number;
}

export function booleanOf(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw new RangeError(`${name} is not true or false`);
  return value;
}

export function listOf<Entry>(
  value: unknown,
  name: string,
  entryOf: (entry: unknown, name: string) => Entry,
): readonly Entry[] {
  if (!Array.isArray(value)) throw new RangeError(`${name} is not a list`);
  return value.map((entry: unknown, at) => entryOf(entry, `${name}/${at}`));
}

export function oneOf<const Name extends string>(value: unknown, name: string, names: readonly Name[]): Name {
  const found = names.find((candidate) => candidate === value);
  if (found === undefined) throw new RangeError(`${name} is none of ${names.join(', ')}`);
  return found;
}
