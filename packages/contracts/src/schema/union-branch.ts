/**
 * Which branch of a union does a value mean? The one of its JSON type; among several objects the one with the same `kind`,
 * or whatever constant tells them apart. So defaults and faults are those of what the user had in mind.
 */

export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member of its own, `__proto__` included; undefined where there is none. */
export function memberOf(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return Object.getOwnPropertyDescriptor(value, key)?.value;
}

/** The branches of a union; undefined for any other schema. */
export function branchesOf(schema: unknown): readonly unknown[] | undefined {
  const branches = memberOf(schema, 'anyOf');
  return Array.isArray(branches) ? branches : undefined;
}

export type Branch =
  | { readonly kind: 'found'; readonly schema: unknown }
  /** Objects, none of which has this constant: `key` tells them apart, `constants` are theirs. */
  | { readonly kind: 'unknown-form'; readonly key: string; readonly constants: readonly unknown[] }
  /** No branch has this type; `types` are those of the branches. */
  | { readonly kind: 'other-type'; readonly types: readonly string[] };

export function branchFor(branches: readonly unknown[], value: unknown): Branch {
  const typed = branches.filter((branch) => hasType(memberOf(branch, 'type'), value));
  const candidates = typed.length > 0 ? typed : branches.filter((branch) => memberOf(branch, 'type') === undefined);
  const [only, ...others] = candidates;
  if (only === undefined) {
    const types = branches.map((branch) => memberOf(branch, 'type')).filter((type) => typeof type === 'string');
    return { kind: 'other-type', types: [...new Set(types)] };
  }
  if (others.length === 0) return { kind: 'found', schema: only };
  const key = Object.keys(membersOf(only)).find((name) => memberOf(membersOf(only)[name], 'const') !== undefined);
  if (key === undefined) return { kind: 'found', schema: only };
  const constantOf = (branch: unknown) => memberOf(membersOf(branch)[key], 'const');
  const same = candidates.find((branch) => constantOf(branch) === memberOf(value, key));
  return same === undefined
    ? { kind: 'unknown-form', key, constants: candidates.map(constantOf) }
    : { kind: 'found', schema: same };
}

/** The properties of an object schema. */
export function membersOf(schema: unknown): Json {
  const properties = memberOf(schema, 'properties');
  return isObject(properties) ? properties : {};
}

function hasType(type: unknown, value: unknown): boolean {
  switch (type) {
    case 'integer':
    case 'number':
      return typeof value === 'number';
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'null':
      return value === null;
    default:
      return type === typeof value;
  }
}
