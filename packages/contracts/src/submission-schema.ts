/**
 * A recipe's schema as a submitter meets it: what has a default need not be sent. The schemas in ./recipes describe a
 * job with every default filled in, where all of it is there.
 */
import type { TSchema } from 'typebox';

export function submissionSchema(schema: TSchema): TSchema {
  // The parser of this border: a schema is JSON, and stays a schema when names leave its `required` lists.
  return relaxed(schema) as TSchema;
}

function relaxed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(relaxed);
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]): [string, unknown] => {
      return [
        key,
        key === 'required' && Array.isArray(value) ? value.filter((name) => !hasDefault(node, name)) : relaxed(value),
      ];
    }),
  );
}

function hasDefault(schema: object, property: unknown): boolean {
  const properties: unknown = Object.entries(schema).find(([key]) => key === 'properties')?.[1];
  if (typeof properties !== 'object' || properties === null) return false;
  const found: unknown = Object.entries(properties).find(([name]) => name === property)?.[1];
  return typeof found === 'object' && found !== null && 'default' in found;
}
