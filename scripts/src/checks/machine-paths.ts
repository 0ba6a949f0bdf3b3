/** Does a file name the machine it was written on, or where that machine gets its packages? It would not hold elsewhere. */
import type { SourceFile } from './source-files.ts';

// Written so that this file does not name one.
const MACHINE = /(?<![\w.~-])\/(work|farm|home|Users)\/|registry[.]npmjs/;

export function machinePathFindings(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ name, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => (MACHINE.test(line) ? [`${name}:${index + 1}: ${line.trim().slice(0, 120)}`] : [])),
  );
}
