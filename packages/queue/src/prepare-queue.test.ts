import { describe, expect, inject, it } from 'vitest';
import { startRedisServer } from '../../../testing/redis-server.ts';
import { prepareQueue } from './prepare-queue.ts';

const { redis } = inject('services');

it('rejects in seconds, and says why, when nothing answers', async () => {
  await expect(prepareQueue({ kind: 'redis', url: 'redis://127.0.0.1:1' })).rejects.toThrow('ECONNREFUSED');
  await expect(
    prepareQueue({ kind: 'postgres', connectionString: 'postgresql://settle@127.0.0.1:1/settle' }),
  ).rejects.toThrow('ECONNREFUSED');
});

describe.runIf(redis.kind === 'running')('a Redis that may drop deliveries', () => {
  it.each(['allkeys-lru', 'volatile-ttl'])('is refused with its policy named: %s', async (maxmemoryPolicy) => {
    const server = await startRedisServer({ maxmemoryPolicy });
    try {
      await expect(prepareQueue({ kind: 'redis', url: server.url })).rejects.toThrow(
        `its maxmemory-policy is ${maxmemoryPolicy}, and must be noeviction`,
      );
    } finally {
      await server.stop();
    }
  });

  it('is accepted once its policy is right', async () => {
    const server = await startRedisServer();
    try {
      await prepareQueue({ kind: 'redis', url: server.url });
    } finally {
      await server.stop();
    }
  });
});
