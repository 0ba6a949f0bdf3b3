/** A variable of the environment; an empty one is how shells and compose files write an absent one. */
import process from 'node:process';

export function givenVariable(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}
