/**
 * Both stores keep the same promises. Each test has a store of its own: a database, or an emptied Redis.
 *
 * File length: one contract, one suite; cut in two, a promise could be made by one store and not by the other.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { describe, expect, inject, it } from 'vitest';
import { type BreakableLink, openBreakableLink } from '../../../testing/breakable-link.ts';
import { createScratchDatabase } from '../../../testing/scratch-database.ts';
import type { Delivery } from './delivery.ts';
import { type ConsumerOptions, openConsumer } from './delivery-consumer.ts';
import { type DeliveryProducer, openProducer } from './delivery-producer.ts';
import { prepareQueue } from './prepare-queue.ts';
import type { QueueConfig } from './queue-config.ts';

/** A store that a test has to itself. */
interface Store {
  readonly url: string;
  readonly config: (url: string) => QueueConfig;
  /** Empties it under whoever uses it. */
  forget(): Promise<void>;
  drop(): Promise<void>;
}

const services = inject('services');

const stores: { readonly kind: QueueConfig['kind']; open(): Promise<Store> }[] = [
  { kind: 'postgres', open: openPostgres },
  // Where CI runs, the absence of Redis has failed the run before it came here.
  ...(services.redis.kind === 'running' ? [{ kind: 'redis' as const, open: openRedis }] : []),
];

describe.each(stores)('deliveries over $kind', ({ open }) => {
  /** Most of these wait most of their time, so they run beside each other, each with a store of its own. */
  function promise(name: string, keep: (bench: Bench) => Promise<void>) {
    it.concurrent(name, async () => {
      const bench = await openBench(open);
      try {
        await keep(bench);
      } finally {
        await bench.close();
      }
    });
  }

  promise('hands over a delivery once, with what was put in', async ({ produce, consume }) => {
    const { seen, errors } = consume({ concurrency: 4 });
    await produce().deliver({ jobId: 'job_1', lease: 7 });
    await until(() => seen.length > 0);
    await sleep(300);
    expect(seen).toEqual([{ jobId: 'job_1', lease: 7 }]);
    expect(errors).toEqual([]);
  });

  promise('hands over to one slot in the order of delivery', async ({ produce, consume }) => {
    const producer = produce();
    const jobs = Array.from({ length: 30 }, (_, index) => `job_${index}`);
    for (const jobId of jobs) await producer.deliver({ jobId, lease: 1 });
    const { seen } = consume();
    await until(() => seen.length === jobs.length);
    expect(seen.map((delivery) => delivery.jobId)).toEqual(jobs);
  });

  promise('keeps deliveries for a consumer that comes later', async ({ produce, consume }) => {
    const producer = produce();
    await producer.deliver({ jobId: 'job_1', lease: 1 });
    await producer.close();
    const { seen } = consume();
    await until(() => seen.length === 1);
  });

  promise(
    'never runs more handlers than there are slots, and fills a slot as soon as it is free',
    async ({ produce, consume, held }) => {
      const { handle, running, end } = held();
      const { seen } = consume({ concurrency: 2, handle });
      const producer = produce();
      for (const jobId of ['job_1', 'job_2', 'job_3', 'job_4']) await producer.deliver({ jobId, lease: 1 });
      await until(() => running().length === 2);
      await sleep(300);
      expect(running()).toEqual(['job_1', 'job_2']);
      end('job_2');
      await until(() => running().length === 3);
      await sleep(300);
      expect(seen.map((delivery) => delivery.jobId)).toEqual(['job_1', 'job_2', 'job_3']);
    },
  );

  promise('runs as many handlers as are allowed by then, and leaves alone those that run', async (fixture) => {
    const { handle, running, end } = fixture.held();
    const { consumer } = fixture.consume({ concurrency: 3, handle });
    const producer = fixture.produce();
    const deliver = (jobId: string) => producer.deliver({ jobId, lease: 1 });
    await deliver('job_1');
    await deliver('job_2');
    await until(() => running().length === 2);
    // One was already asked for when this is said, and may still come.
    consumer.allow(1);
    for (const jobId of ['job_3', 'job_4', 'job_5', 'job_6']) await deliver(jobId);
    await sleep(300);
    expect(running().slice(0, 2)).toEqual(['job_1', 'job_2']);
    const most = running().length;
    expect(most).toBeLessThanOrEqual(3);
    for (const jobId of running()) end(jobId);
    await until(() => running().length === most + 1);
    await sleep(300);
    expect(running()).toHaveLength(most + 1);
    consumer.allow(3);
    end(running().at(-1) ?? '');
    await until(() => running().length === 6);
  });

  promise(
    'takes the same lease for the same delivery, whether it waits, runs or is done',
    async ({ produce, consume, held }) => {
      const { handle, running, end } = held();
      const producer = produce();
      const delivery = { jobId: 'job_1', lease: 1 };
      await producer.deliver(delivery);
      await producer.deliver(delivery);
      const { seen } = consume({ concurrency: 4, handle });
      await until(() => running().length === 1);
      await producer.deliver(delivery);
      end('job_1');
      await sleep(300);
      await producer.deliver(delivery);
      await sleep(300);
      expect(seen).toEqual([delivery]);
    },
  );

  promise(
    'hands over a job again under a new lease, even while the old one runs',
    async ({ produce, consume, held }) => {
      const { handle } = held();
      const { seen } = consume({ concurrency: 2, handle });
      const producer = produce();
      await producer.deliver({ jobId: 'job_1', lease: 1 });
      await producer.deliver({ jobId: 'job_1', lease: 2 });
      await until(() => seen.length === 2);
      expect(seen.map((delivery) => delivery.lease)).toEqual([1, 2]);
    },
  );

  promise('goes on after a handler that rejects, and only reports it', async ({ produce, consume }) => {
    const { seen, errors } = consume({
      handle: async ({ jobId }) => {
        if (jobId === 'job_1') throw new Error('no such dataset');
      },
    });
    const producer = produce();
    await producer.deliver({ jobId: 'job_1', lease: 1 });
    await producer.deliver({ jobId: 'job_2', lease: 1 });
    await until(() => seen.length === 2);
    await sleep(300);
    expect(seen.map((delivery) => delivery.jobId)).toEqual(['job_1', 'job_2']);
    expect(errors.map((error) => error.message)).toEqual(['no such dataset']);
  });

  promise('shares deliveries between consumers without handing any over twice', async ({ produce, consume }) => {
    const handle = () => sleep(5);
    const left = consume({ concurrency: 2, handle });
    const right = consume({ concurrency: 2, handle });
    const producer = produce();
    const jobs = Array.from({ length: 60 }, (_, index) => `job_${index}`);
    await Promise.all(jobs.map((jobId) => producer.deliver({ jobId, lease: 1 })));
    await until(() => left.seen.length + right.seen.length >= jobs.length);
    await sleep(300);
    const all = [...left.seen, ...right.seen].map((delivery) => delivery.jobId);
    expect(all.sort()).toEqual([...jobs].sort());
    expect(left.seen.length).toBeGreaterThan(0);
    expect(right.seen.length).toBeGreaterThan(0);
  });

  promise('takes nothing more once paused, while what runs goes on', async ({ produce, consume, held }) => {
    const { handle, running, end } = held();
    const { consumer, seen } = consume({ concurrency: 4, handle });
    const producer = produce();
    await producer.deliver({ jobId: 'job_1', lease: 1 });
    await until(() => running().length === 1);
    await consumer.pause();
    await producer.deliver({ jobId: 'job_2', lease: 1 });
    await sleep(1_000);
    expect(seen.map((delivery) => delivery.jobId)).toEqual(['job_1']);
    end('job_1');
    await consumer.close();
    expect(seen.map((delivery) => delivery.jobId)).toEqual(['job_1']);

    const other = consume();
    await until(() => other.seen.length === 1);
    expect(other.seen).toEqual([{ jobId: 'job_2', lease: 1 }]);
  });

  promise('leaves to others at once what arrives after an idle consumer was paused', async ({ produce, consume }) => {
    const idle = consume();
    await sleep(500);
    await idle.consumer.pause();
    const other = consume();
    await sleep(500);
    await produce().deliver({ jobId: 'job_1', lease: 1 });
    await until(() => other.seen.length === 1, 2_000);
    expect(idle.seen).toEqual([]);
    expect(idle.errors).toEqual([]);
  });

  promise('closes at once when idle, and when the last handler ends otherwise', async ({ produce, consume, held }) => {
    const idle = consume();
    await sleep(300);
    expect(await tookMs(() => idle.consumer.close())).toBeLessThan(1_000);

    const { handle, running, end } = held();
    const busy = consume({ handle });
    await produce().deliver({ jobId: 'job_1', lease: 1 });
    await until(() => running().length === 1);
    let isClosed = false;
    const closing = busy.consumer.close().then(() => {
      isClosed = true;
    });
    await sleep(500);
    expect(isClosed).toBe(false);
    end('job_1');
    expect(await tookMs(() => closing)).toBeLessThan(1_000);
  });

  promise(
    'hands the delivery of a consumer that lost its lock to another one',
    async ({ produce, consume, held, breakable }) => {
      const { link, over } = await breakable();
      const { handle, running } = held();
      consume({ handle, lockMs: 500 }, over);
      await produce().deliver({ jobId: 'job_1', lease: 1 });
      await until(() => running().length === 1);
      await link.refuse();
      const other = consume({ lockMs: 500 });
      await until(() => other.seen.length === 1, 15_000);
      expect(other.seen).toEqual([{ jobId: 'job_1', lease: 1 }]);
    },
  );

  promise(
    'keeps the delivery of a handler that runs much longer than a lock lasts',
    async ({ produce, consume, held }) => {
      const { handle, running } = held();
      const busy = consume({ handle, lockMs: 500 });
      await produce().deliver({ jobId: 'job_1', lease: 1 });
      await until(() => running().length === 1);
      const other = consume({ lockMs: 500 });
      await sleep(2_500);
      expect(other.seen).toEqual([]);
      expect(busy.errors).toEqual([]);
    },
  );

  for (const way of ['refuse', 'silence'] as const) {
    promise(`rejects in seconds when the store goes away, and is back with it: ${way}`, async (bench) => {
      const { link, over } = await bench.breakable();
      const producer = bench.produce(over);
      await producer.deliver({ jobId: 'job_1', lease: 1 });
      await link[way]();
      const calls = [() => producer.deliver({ jobId: 'job_2', lease: 1 }), () => producer.check()];
      for (const took of await Promise.all(calls.map((call) => tookMs(() => expect(call()).rejects.toThrow())))) {
        expect(took).toBeLessThan(way === 'refuse' ? 2_000 : 5_500);
      }
      await link.mend();
      await until(() => producer.check().then(yes, no), 10_000);
      await producer.deliver({ jobId: 'job_2', lease: 1 });
      const { seen } = bench.consume();
      await until(() => seen.length === 2);
    });

    promise(`goes on consuming after the store was away: ${way}`, async (bench) => {
      const { link, over } = await bench.breakable();
      const { seen, errors } = bench.consume({}, over);
      const producer = bench.produce();
      await producer.deliver({ jobId: 'job_1', lease: 1 });
      await until(() => seen.length === 1);
      await link[way]();
      await sleep(2_000);
      await producer.deliver({ jobId: 'job_2', lease: 1 });
      await link.mend();
      // On Redis silence is noticed after ten seconds, and a wait of five may have begun before.
      await until(() => seen.length === 2, 30_000);
      // A store that is away is reported, but not in a flood.
      expect(errors.length).toBeLessThan(50);
    });

    promise(`closes in bounded time while the store is away: ${way}`, async (bench) => {
      const { link, over } = await bench.breakable();
      const producer = bench.produce(over);
      await producer.deliver({ jobId: 'job_1', lease: 1 });
      const { handle, running, end } = bench.held();
      const { consumer } = bench.consume({ handle, concurrency: 2 }, over);
      await until(() => running().length === 1);
      await link[way]();
      end('job_1');
      expect(await tookMs(() => Promise.all([consumer.close(), producer.close()]))).toBeLessThan(6_000);
      await expect(producer.deliver({ jobId: 'job_2', lease: 1 })).rejects.toThrow('closed');
    });
  }

  promise('opens a producer and a consumer before the store is there', async ({ produce, consume, breakable }) => {
    const { link, over } = await breakable();
    await link.refuse();
    const producer = produce(over);
    const { seen } = consume({}, over);
    expect(await tookMs(() => expect(producer.check()).rejects.toThrow())).toBeLessThan(5_500);
    await link.mend();
    await until(() => producer.check().then(yes, no), 10_000);
    await producer.deliver({ jobId: 'job_1', lease: 1 });
    await until(() => seen.length === 1, 10_000);
  });

  promise('delivers on as if new after the store lost everything', async ({ produce, consume, forgetEverything }) => {
    const { seen } = consume();
    const producer = produce();
    await producer.deliver({ jobId: 'job_1', lease: 1 });
    await until(() => seen.length === 1);
    await forgetEverything();
    await producer.deliver({ jobId: 'job_1', lease: 1 });
    await until(() => seen.length === 2, 10_000);
  });

  it('prepares a store that many processes prepare at once, and one that is prepared', async () => {
    const fresh = await open();
    const config = fresh.config(fresh.url);
    await Promise.all(Array.from({ length: 8 }, () => prepareQueue(config)));
    await prepareQueue(config);
    await fresh.drop();
  });

  promise('refuses ids that the store cannot keep', async ({ produce }) => {
    await expect(produce().deliver({ jobId: 'job:1', lease: 1 })).rejects.toThrow(RangeError);
    await expect(produce().deliver({ jobId: 'job_1', lease: 0.5 })).rejects.toThrow(RangeError);
  });
});

/** What a test works with: its store, and producers, consumers and links to it that end with the test. */
type Bench = Awaited<ReturnType<typeof openBench>>;

async function openBench(open: () => Promise<Store>) {
  const store = await open();
  const queue = store.config(store.url);
  await prepareQueue(queue);
  const ends: (() => Promise<void>)[] = [];
  const links: BreakableLink[] = [];
  const releases = new Set<() => void>();

  return {
    forgetEverything: store.forget,

    produce(over: QueueConfig = queue): DeliveryProducer {
      const producer = openProducer(over, { onError: () => {} });
      ends.push(() => producer.close());
      return producer;
    },

    /** A consumer that notes what it is handed; `handle` may make it take its time. */
    consume(options: Partial<ConsumerOptions> = {}, over: QueueConfig = queue) {
      const seen: Delivery[] = [];
      const errors: Error[] = [];
      const { handle = async () => {}, ...rest } = options;
      const consumer = openConsumer(over, {
        concurrency: 1,
        onError: (error) => errors.push(error),
        ...rest,
        async handle(delivery) {
          seen.push(delivery);
          await handle(delivery);
        },
      });
      ends.push(() => consumer.close());
      return { consumer, seen, errors };
    },

    /** A handler that holds until the test lets go. */
    held() {
      const finish = new Map<string, () => void>();
      const handle = (delivery: Delivery) =>
        new Promise<void>((resolve) => {
          finish.set(delivery.jobId, resolve);
          releases.add(resolve);
        });
      return { handle, running: () => [...finish.keys()], end: (jobId: string) => finish.get(jobId)?.() };
    },

    async breakable(): Promise<{ link: BreakableLink; over: QueueConfig }> {
      const link = await openBreakableLink(store.url);
      links.push(link);
      return { link, over: store.config(link.url) };
    },

    async close() {
      for (const release of releases) release();
      await Promise.all(ends.map((end) => end()));
      await Promise.all(links.map((link) => link.close()));
      await store.drop();
    },
  };
}

async function openPostgres(): Promise<Store> {
  const database = await createScratchDatabase();
  return {
    url: database.connectionString,
    config: (connectionString) => ({ kind: 'postgres', connectionString }),
    async forget() {
      const client = new pg.Client(database.connectionString);
      await client.connect();
      try {
        await client.query('delete from bullmq.job');
      } finally {
        await client.end();
      }
    },
    drop: database.drop,
  };
}

/** A Redis has sixteen numbered databases that know nothing of each other. */
const freeNumbers = Array.from({ length: 16 }, (_, number) => number);

async function openRedis(): Promise<Store> {
  const number = freeNumbers.pop();
  if (services.redis.kind !== 'running' || number === undefined) throw new Error('no Redis is free for this test');
  const url = `${services.redis.url}/${number}`;
  const forget = async () => {
    const client = new Redis(url);
    await client.flushdb();
    await client.quit();
  };
  await forget();
  return {
    url,
    config: (address) => ({ kind: 'redis', url: address }),
    forget,
    async drop() {
      await forget();
      freeNumbers.push(number);
    },
  };
}

const yes = () => true;
const no = () => false;

async function until(isSo: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`it did not come true within ${withinMs} ms: ${isSo}`);
    await sleep(10);
  }
}

async function tookMs(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
