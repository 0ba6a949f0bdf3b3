/** What did a short-lived command print, and did it succeed? Every child starts from a clean environment in `/`. */
import { spawn } from 'node:child_process';
import process from 'node:process';

/** Whom a child process runs as; without it, whoever runs this process. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export type CommandOutcome =
  | { readonly kind: 'succeeded'; readonly output: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly output: string };

/**
 * No PG* variable of the caller may redirect a server or `initdb`, and messages are in English wherever it runs. The
 * working directory is `/` because an unprivileged account may not be able to enter the caller's.
 */
export function cleanSurroundings(account: Account | undefined) {
  return {
    cwd: '/',
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
  };
}

export function runCommand(
  command: string,
  args: readonly string[],
  account: Account | undefined,
): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...cleanSurroundings(account), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => resolve({ kind: 'failed', reason: error.message, output }));
    child.on('close', (code, signal) => {
      if (code === 0) resolve({ kind: 'succeeded', output });
      else resolve({ kind: 'failed', reason: signal === null ? `exit code ${code}` : `signal ${signal}`, output });
    });
  });
}
