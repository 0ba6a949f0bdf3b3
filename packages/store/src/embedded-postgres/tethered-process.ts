/**
 * How does a server end when the process that started it dies, even by SIGKILL? It is run by a shell that also waits on a
 * pipe from us. The pipe closes when we close it or when we are gone; either way the shell then signals the server.
 */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { type Account, cleanSurroundings } from './run-command.ts';

export interface TetheredProcess {
  /** How it ended, once it has. Never rejects. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  /** Sends the signal that it was started with; kills what is left after the grace period. Resolves when it has ended. */
  stop(graceMs: number): Promise<void>;
}

export interface TetheredCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly stopSignal: 'INT' | 'TERM';
  readonly account: Account | undefined;
  readonly onLine: (line: string) => void;
}

/*
 * The shell ignores signals that are meant for a whole group, since it has to outlive the server to reap it. `read`
 * returns at the end of the pipe. Servers set their own handlers, so what the shell ignores does not reach them.
 */
const SUPERVISE = `
trap '' INT TERM HUP
signal=$1; shift
exec 3<&0
"$@" 3<&- </dev/null &
server=$!
( read -r line <&3; kill -s "$signal" "$server" ) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$server"; status=$?
kill -s KILL "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
exit $status
`;

export function spawnTethered({ command, args, stopSignal, account, onLine }: TetheredCommand): TetheredProcess {
  const child = spawn('/bin/sh', ['-c', SUPERVISE, 'sh', stopSignal, command, ...args], {
    ...cleanSurroundings(account),
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C in a terminal must not stop the database under a program that is still saving.
    detached: true,
  });
  child.stdin.on('error', () => {}); // EPIPE when it ended first, which `ended` says.
  createInterface({ input: child.stdout }).on('line', onLine);
  createInterface({ input: child.stderr }).on('line', onLine);

  let over = false;
  const ended = new Promise<string>((resolve) => {
    const end = (how: string) => {
      over = true;
      resolve(how);
    };
    child.on('error', (error) => end(error.message));
    // `close` comes after the last line of output, `exit` may come before it.
    child.on('close', (code, signal) => end(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });

  return {
    ended,
    hasEnded: () => over,
    async stop(graceMs) {
      child.stdin.end();
      const timer = setTimeout(() => {
        if (child.pid !== undefined && !over) process.kill(-child.pid, 'SIGKILL');
      }, graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}
