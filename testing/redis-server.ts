/** How does a test get a Redis of its own? A real redis-server on a free port that keeps nothing and ends with the test run. */
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, isPortFree } from '../packages/store/src/embedded-postgres/free-port.ts';
import { runCommand } from '../packages/store/src/embedded-postgres/run-command.ts';
import { spawnTethered, type TetheredProcess } from '../packages/store/src/embedded-postgres/tethered-process.ts';

export interface RedisServer {
  readonly url: string;
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  /** To start again where an earlier one was. */
  readonly port?: number;
  readonly maxmemoryPolicy?: string;
}

const READY_WITHIN_MS = 10_000;

export async function isRedisInstalled(): Promise<boolean> {
  return (await runCommand('redis-server', ['--version'], undefined)).kind === 'succeeded';
}

export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const lines: string[] = [];
    const server = spawnTethered({
      command: 'redis-server',
      args: [
        ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
        ['--maxmemory-policy', options.maxmemoryPolicy ?? 'noeviction'],
      ].flat(),
      stopSignal: 'TERM',
      account: undefined,
      onLine: (line) => lines.push(line),
    });
    if (await isReady(server, port)) {
      return { url: `redis://127.0.0.1:${port}`, stop: () => server.stop(5_000) };
    }
    await server.stop(0);
    if (options.port === undefined && attempt < 5 && !(await isPortFree(port))) continue;
    throw new Error(['redis-server did not start', ...lines].join('\n'));
  }
}

/** It answers a ping, and it is ours: a server that lost its port to another ends at once. */
async function isReady(server: TetheredProcess, port: number): Promise<boolean> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!server.hasEnded() && Date.now() < deadline) {
    if (await answersPing(port)) return !server.hasEnded();
    await sleep(20);
  }
  return false;
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.on('error', () => settle(false));
    socket.on('connect', () => socket.write('PING\r\n'));
    socket.on('data', (data) => settle(data.toString().startsWith('+PONG')));
  });
}
