/** One process of the service as a child: its log in a file, its first message as the sign that it is ready. */
import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface ServiceProcess {
  readonly name: string;
  readonly child: ChildProcess;
  readonly logFile: string;
  /** What it sent when it was ready. */
  readonly ready: unknown;
  /** Resolves when the process has ended, however that came about. */
  readonly ended: Promise<void>;
  /** SIGTERM, and SIGKILL when that is not enough. */
  stop(): Promise<void>;
}

export interface ServiceProcessOptions {
  readonly name: string;
  /** The built entry file. */
  readonly entry: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly logFolder: string;
}

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 30_000;
const SHOWN_LOG_CHARACTERS = 2_000;

/** Rejects, with the end of its log, when the process ends or stays silent instead of becoming ready. */
export async function startServiceProcess(options: ServiceProcessOptions): Promise<ServiceProcess> {
  const { name, entry, environment, logFolder } = options;
  const logFile = path.join(logFolder, `${name}.log`);
  const log = openSync(logFile, 'a');
  // The IPC channel is the tether: when this process dies, however it dies, the child sees `disconnect` and ends.
  // In a group of its own, so that Ctrl-C reaches this process alone, which then ends its children in order.
  const child = fork(entry, [], { env: environment, stdio: ['ignore', log, log, 'ipc'], detached: true });
  closeSync(log);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ready = await new Promise<unknown>((resolve, reject) => {
    const fail = (what: string) => {
      child.kill('SIGKILL');
      reject(
        new Error(
          `${name} ${what}; the end of ${logFile}:\n${readFileSync(logFile, 'utf8').slice(-SHOWN_LOG_CHARACTERS)}`,
        ),
      );
    };
    const timer = setTimeout(() => fail('did not become ready'), READY_TIMEOUT_MS);
    const onExit = () => {
      clearTimeout(timer);
      fail('ended at once');
    };
    child.once('exit', onExit);
    child.once('message', (message) => {
      clearTimeout(timer);
      child.off('exit', onExit);
      resolve(message);
    });
  });
  return {
    name,
    child,
    logFile,
    ready,
    ended,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}
