/**
 * A schema as one value meets it: every union replaced by the branch that the value means, so that each fault is named
 * once and at its place instead of once for every branch.
 */
import { type Branch, branchesOf, branchFor, isObject, memberOf, membersOf } from './union-branch.ts';

/** Of a longer list only so many entries are looked at one by one; such a list is too long anyway. */
const MOST_ENTRIES = 1_024;

export function schemaForValue(schema: unknown, value: unknown): unknown {
  const branches = branchesOf(schema);
  if (branches !== undefined) return schemaOfBranch(branchFor(branches, value), value);
  if (!isObject(schema)) return schema;
  if (Array.isArray(value)) {
    const { items, ...rest } = schema;
    if (!isObject(items)) return schema;
    return {
      ...rest,
      prefixItems: value.slice(0, MOST_ENTRIES).map((entry: unknown) => schemaForValue(items, entry)),
      ...(value.length > MOST_ENTRIES ? { items } : {}),
    };
  }
  if (!isObject(value) || memberOf(schema, 'properties') === undefined) return schema;
  const properties = Object.entries(membersOf(schema)).map(([key, property]): [string, unknown] => {
    return [key, schemaForValue(property, memberOf(value, key))];
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

function schemaOfBranch(branch: Branch, value: unknown): unknown {
  switch (branch.kind) {
    case 'found':
      return schemaForValue(branch.schema, value);
    case 'unknown-form':
      return { type: 'object', required: [branch.key], properties: { [branch.key]: { enum: branch.constants } } };
    case 'other-type':
      return { type: branch.types };
    default:
      branch satisfies never;
      throw new Error('unreachable branch');
  }
}
