/** Which source files answer more than one question? Past 400 lines a file needs a `File length:` line with its reason. */
import type { SourceFile } from './source-files.ts';

export const MAXIMUM_LINES = 400;

const SOURCE = /[.](ts|mts|mjs|cjs|js|tsx|cc|cpp|h)$/;
const REASON = /File length: *\S/;

export function largestFileFindings(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ name, text }) => SOURCE.test(name) && !REASON.test(text))
    .map(({ name, text }) => ({ name, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > MAXIMUM_LINES)
    .map(
      ({ name, lines }) => `${name}: ${lines} lines; look for the second question, or give a reason (File length: ...)`,
    );
}
