/** Turns a TypeBox schema's complaints into faults: one per place, in the user's words, with a JSON Pointer. */
import type { TSchema } from 'typebox';
import { Settings } from 'typebox/system';
import { Check, Errors } from 'typebox/value';
import type { Fault } from './problem.ts';
import { schemaForValue } from './schema/for-value.ts';
import { memberOf } from './schema/union-branch.ts';

/** TypeBox stops at 8 complaints; a problem document names them all, within reason for a hostile body. */
Settings.Set({ maxErrors: 256 });
const NAMED_UNKNOWN_FIELDS = 64;
const LONGEST_NAMED_KEY = 64;

/** All faults of a value against a schema; empty when it is valid, and only then. */
export function faultsOf(schema: TSchema, value: unknown): Fault[] {
  if (Check(schema, value)) return [];
  // The parser of this border: a schema is JSON, and stays a schema when a union in it becomes one of its branches.
  const faults = namedFaults(schemaForValue(schema, value) as TSchema, value);
  // Complaints that are not passed on may have used up the count: that none is left does not make the value valid.
  return faults.length > 0
    ? faults
    : [
        {
          pointer: '',
          code: 'too_many_faults',
          detail: 'more is wrong than can be named; are there many unknown fields?',
        },
      ];
}

function namedFaults(schema: TSchema, value: unknown): Fault[] {
  return Errors(schema, value).flatMap((error): Fault[] => {
    switch (error.keyword) {
      // `additionalProperties: false` complains twice about each unknown key; the other complaint names them all.
      case 'boolean':
        return [];
      case 'additionalProperties':
        return error.params.additionalProperties.slice(0, NAMED_UNKNOWN_FIELDS).map((key) => ({
          pointer: pointerTo(error.instancePath, shortened(key)),
          code: 'unknown_field',
          detail: unknownField(key, schemaAt(schema, error.schemaPath)),
        }));
      case 'required':
        return error.params.requiredProperties.map((key) => ({
          pointer: pointerTo(error.instancePath, key),
          code: 'required',
          detail: `${key} is missing`,
        }));
      case 'enum':
        return [
          {
            pointer: error.instancePath,
            code: 'enum',
            detail: `must be one of ${error.params.allowedValues.join(', ')}`,
          },
        ];
      case 'const':
        return [
          {
            pointer: error.instancePath,
            code: 'const',
            detail: `must be ${JSON.stringify(error.params.allowedValue)}`,
          },
        ];
      default:
        return [{ pointer: error.instancePath, code: snakeCase(error.keyword), detail: error.message }];
    }
  });
}

/** A key of a megabyte is not repeated, and nobody misspelt it. */
function shortened(key: string): string {
  return key.length <= LONGEST_NAMED_KEY ? key : `${key.slice(0, LONGEST_NAMED_KEY)}…`;
}

function unknownField(key: string, known: readonly string[]): string {
  if (key.length > LONGEST_NAMED_KEY) return 'is not a known field';
  const near = known.find((candidate) => editDistance(candidate, key) <= 2);
  return near === undefined ? `${key} is not a known field` : `${key} is not a known field; did you mean ${near}?`;
}

/** Names of the properties of the object schema that an error's `schemaPath` (`#/properties/training`) points at. */
function schemaAt(schema: TSchema, path: string): readonly string[] {
  let node: unknown = schema;
  for (const key of path.split('/').slice(1)) node = memberOf(node, key);
  const properties = memberOf(node, 'properties');
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
}

/** Levenshtein distance: insertions, deletions and substitutions. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}

/** A JSON Pointer with one more key (RFC 6901 escapes). */
export function pointerTo(parent: string, key: string | number): string {
  return `${parent}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function snakeCase(keyword: string): string {
  return keyword.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
