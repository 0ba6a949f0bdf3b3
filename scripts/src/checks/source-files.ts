/** Which files are ours? Those that git keeps or would keep, as text. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

export interface SourceFile {
  /** Below the root, with forward slashes. */
  readonly name: string;
  readonly text: string;
}

const MAXIMUM_OUTPUT_BYTES = 64 * 1024 * 1024;

export async function readSourceFiles(root: string): Promise<SourceFile[]> {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { stdout } = await promisify(execFile)('git', args, { cwd: root, maxBuffer: MAXIMUM_OUTPUT_BYTES });
  const names = [...new Set(stdout.split('\0'))].filter((name) => name !== '');
  const files = await Promise.all(
    names.map(async (name) => {
      // Deleted and not yet committed.
      const content = await readFile(path.join(root, name)).catch(() => undefined);
      return content === undefined || content.includes(0) ? [] : [{ name, text: content.toString('utf8') }];
    }),
  );
  return files.flat();
}
