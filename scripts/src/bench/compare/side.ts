/** A commit to be measured: a checkout of its own, set up as a fresh clone would be, and its own bench. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { projectRoot } from '../../stack/project-root.ts';
import { git } from '../checkout.ts';
import type { Timing } from './verdict.ts';

export interface Side {
  readonly given: string;
  readonly root: string;
  readonly isWorktree: boolean;
}

/** The commit in a worktree under `folder`; `.` is this checkout, as it is. Rejects where there is no such commit. */
export async function checkOut(given: string, folder: string, name: string): Promise<Side> {
  if (given === '.') return { given, root: projectRoot, isWorktree: false };
  const root = path.join(folder, name);
  git('worktree', 'add', '--detach', root, commitOf(given));
  const side = { given, root, isWorktree: true };
  try {
    await runNode(root, [path.join('scripts', 'setup.mjs')]);
  } catch (error) {
    removeCheckout(side);
    throw error;
  }
  return side;
}

export function removeCheckout({ root, isWorktree }: Side): void {
  if (isWorktree) git('worktree', 'remove', '--force', root);
}

/** Throws Error, in one line, on what is no commit. */
export function commitOf(given: string): string {
  try {
    return git('rev-parse', '--verify', '--quiet', '--end-of-options', `${given}^{commit}`);
  } catch {
    throw new Error(`${given} is no commit`);
  }
}

/** One run of the side's own bench. */
export async function benchOnce({ root, given }: Side, benchArguments: readonly string[]): Promise<readonly Timing[]> {
  const text = await runNode(root, [path.join('scripts', 'run.mjs'), 'bench', '--json', ...benchArguments]);
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows)) throw new Error(`the bench of ${given} printed no list`);
  return rows.map((row: unknown) => timingFrom(row, given));
}

/** The parser of this border: rows of another commit's bench. */
function timingFrom(row: unknown, given: string): Timing {
  if (
    typeof row === 'object' &&
    row !== null &&
    'workload' in row &&
    'batch' in row &&
    'kernels' in row &&
    'msPerStep' in row
  ) {
    const { workload, batch, kernels, msPerStep } = row;
    if (typeof workload === 'string' && typeof batch === 'number' && typeof kernels === 'string') {
      if (typeof msPerStep === 'number') return { workload, batch, kernels, msPerStep };
    }
  }
  throw new Error(`the bench of ${given} printed a row of another form: ${JSON.stringify(row)}`);
}

/** Standard output; what the process says on standard error goes through. Rejects when it fails. */
function runNode(folder: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(parts).toString());
      else reject(new Error(`${args.join(' ')} ended with status ${code}`));
    });
  });
}
