/**
 * Is `.env.example` true? It lists exactly the variables that the processes read, each below a comment that gives its
 * unit, its default and its readers, and the values in it are the defaults.
 */
import { isDeepStrictEqual, parseEnv } from 'node:util';
import type { ProcessEnvironment } from './process-environment.ts';

/** Required, so it has no default to be held to. */
const REQUIRED = 'DATABASE_URL';

export function environmentExampleFindings(example: string, processes: readonly ProcessEnvironment[]): string[] {
  const listed = listedVariables(example);
  const readersOf = (name: string) =>
    processes.flatMap(({ process, variables }) => (variables.has(name) ? process : []));
  const read = new Set(processes.flatMap(({ variables }) => [...variables]));

  const findings: string[] = [];
  for (const name of read) if (!listed.has(name)) findings.push(`${name} is read by a process and not listed`);
  for (const [name, comment] of listed) {
    const expected = `Read by: ${readersOf(name).join(', ')}.`;
    if (!read.has(name)) findings.push(`${name} is listed and read by no process`);
    else if (!comment.includes(expected)) findings.push(`${name}: the comment does not say "${expected}"`);
    for (const part of ['Unit:', 'Default:']) {
      if (!comment.includes(part)) findings.push(`${name}: the comment does not say "${part}"`);
    }
  }

  const values = parseEnv(example);
  for (const { process, read: readBy } of processes) {
    try {
      if (!isDeepStrictEqual(readBy(values), readBy({ [REQUIRED]: values[REQUIRED] }))) {
        findings.push(`a value is not the default of the ${process}`);
      }
    } catch (error) {
      findings.push(`the ${process} refuses these values: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return findings;
}

/** Each variable with the comment lines right above it. */
function listedVariables(example: string): Map<string, string> {
  const listed = new Map<string, string>();
  let comment: string[] = [];
  for (const line of example.split('\n')) {
    const name = /^([A-Z][A-Z0-9_]*)=/.exec(line)?.[1];
    if (name !== undefined) listed.set(name, comment.join(' '));
    comment = line.startsWith('#') ? [...comment, line.slice(1).trim()] : [];
  }
  return listed;
}
