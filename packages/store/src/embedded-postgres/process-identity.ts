/** Is process N still the one that was noted down? Process ids are reused, start times and command lines tell. */
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { runCommand } from './run-command.ts';

export interface ProcessIdentity {
  /** When it started, in whatever form the system tells it: only ever compared. */
  readonly startedAt: string;
  readonly commandLine: string;
}

/** `undefined` for a process that does not exist or is dead and merely not reaped yet. */
export async function processIdentity(pid: number): Promise<ProcessIdentity | undefined> {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

async function fromProc(pid: number): Promise<ProcessIdentity | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command's name in parentheses and may hold anything: count from behind it. See proc(5).
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const commandLine = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
    return { startedAt: rest[18] ?? '', commandLine };
  } catch {
    return undefined;
  }
}

async function fromPs(pid: number): Promise<ProcessIdentity | undefined> {
  const state = await runCommand('ps', ['-o', 'stat=', '-p', String(pid)], undefined);
  const started = await runCommand('ps', ['-o', 'lstart=', '-p', String(pid)], undefined);
  const command = await runCommand('ps', ['-ww', '-o', 'command=', '-p', String(pid)], undefined);
  if (state.kind === 'failed' || started.kind === 'failed' || command.kind === 'failed') return undefined;
  if (state.output.startsWith('Z')) return undefined;
  return { startedAt: started.output.trim(), commandLine: command.output.trim() };
}
