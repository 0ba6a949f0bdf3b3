/** Fills in what a body leaves out, wherever its schema has a default; what is there stays, valid or not. */
import { branchesOf, branchFor, isObject, memberOf, membersOf } from './union-branch.ts';

export function withDefaults(schema: unknown, given: unknown): unknown {
  const value = given === undefined ? structuredClone(memberOf(schema, 'default')) : given;
  if (value === undefined) return undefined;
  const branches = branchesOf(schema);
  if (branches !== undefined) {
    const branch = branchFor(branches, value);
    return branch.kind === 'found' ? withDefaults(branch.schema, value) : value;
  }
  const items = memberOf(schema, 'items');
  if (Array.isArray(value)) return items === undefined ? value : value.map((entry) => withDefaults(items, entry));
  if (!isObject(value)) return value;
  const properties = membersOf(schema);
  const filled = Object.entries(properties).flatMap(([key, property]): [string, unknown][] => {
    if (Object.hasOwn(value, key)) return [];
    const preset = withDefaults(property, undefined);
    return preset === undefined ? [] : [[key, preset]];
  });
  // `fromEntries` defines members, so that one called `__proto__` stays a member.
  const kept = Object.entries(value).map(([key, entry]): [string, unknown] => {
    return [key, Object.hasOwn(properties, key) ? withDefaults(properties[key], entry) : entry];
  });
  return Object.fromEntries([...kept, ...filled]);
}
