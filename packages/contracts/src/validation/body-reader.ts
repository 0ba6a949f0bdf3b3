/** Reads a body that may be anything: what is there and of the right type, and undefined for the rest. */
import { memberOf } from '../schema/union-branch.ts';

export type Path = readonly (string | number)[];

export function valueAt(body: unknown, ...path: Path): unknown {
  return path.reduce<unknown>((value, key) => memberOf(value, key), body);
}

export function numberAt(body: unknown, ...path: Path): number | undefined {
  const value = valueAt(body, ...path);
  return typeof value === 'number' ? value : undefined;
}

export function textAt(body: unknown, ...path: Path): string | undefined {
  const value = valueAt(body, ...path);
  return typeof value === 'string' ? value : undefined;
}

export function listAt(body: unknown, ...path: Path): readonly unknown[] | undefined {
  const value = valueAt(body, ...path);
  return Array.isArray(value) ? value : undefined;
}

/** A whole number >= `least`, as the sizes of a network are; undefined for what the schema refuses. */
export function countAt(least: number, body: unknown, ...path: Path): number | undefined {
  const value = numberAt(body, ...path);
  return value !== undefined && Number.isSafeInteger(value) && value >= least ? value : undefined;
}
