/**
 * How does a test take a server away and give it back? It talks to it through a link that can refuse connections, as a
 * stopped server does, or keep silent, as a server behind a broken network does.
 */
import { createConnection, createServer, type Socket } from 'node:net';

export interface BreakableLink {
  /** The server's URL, by way of the link. */
  readonly url: string;
  /** Ends every connection and refuses new ones. */
  refuse(): Promise<void>;
  /** Keeps every connection, new ones included, and passes nothing on. */
  silence(): void;
  /** Serves new connections again. Those that fell silent stay so, as they do when a network forgets them. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

export async function openBreakableLink(serverUrl: string): Promise<BreakableLink> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let isSilent = false;

  const listener = createServer((near) => {
    const far = createConnection({ host: target.hostname, port: Number(target.port) });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      if (!isSilent) from.pipe(to);
      from.on('error', () => {}); // What matters is that it closes.
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });

  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen({ port, host: '127.0.0.1' }, resolve);
    });
  const refuse = () =>
    new Promise<void>((resolve) => {
      if (listener.listening) listener.close(() => resolve());
      else resolve();
      for (const socket of sockets) socket.destroy();
    });

  await listen(0);
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('a listening socket has no port');
  const url = new URL(serverUrl);
  url.port = String(address.port);

  return {
    url: url.href,
    refuse,
    silence() {
      isSilent = true;
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    async mend() {
      isSilent = false;
      if (!listener.listening) await listen(address.port);
    },
    close: refuse,
  };
}
