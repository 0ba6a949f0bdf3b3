/** Both stores keep the same promises. Each test has a store of its own: a database, or an emptied Redis. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { type BreakableLink, openBreakableLink } from '../../../testing/breakable-link.ts';
import { createScratchDatabase } from '../../../testing/scratch-database.ts';
import type { Delivery } from './delivery.ts';
import { type ConsumerOptions, type DeliveryConsumer, openConsumer } from './delivery-consumer.ts';
import { type DeliveryProducer, openProducer } from './delivery-producer.ts';
import { prepareQueue } from './prepare-queue.ts';
import type { QueueConfig } from './queue-config.ts';

interface Store {
  readonly url: string;
  drop(): Promise<void>;
}

interface StoreKind {
  readonly kind: QueueConfig['kind'];
  open(): Promise<Store>;
  config(url: string): QueueConfig;
}

const services = inject('services');

const kinds: StoreKind[] = [
  {
    kind: 'postgres',
    async open() {
      const database = await createScratchDatabase();
      return { url: database.connectionString, drop: database.drop };
    },
    config: (connectionString) => ({ kind: 'postgres', connectionString }),
  },
];

if (services.redis.kind === 'running') {
  const { url } = services.redis;
  kinds.push({
    kind: 'redis',
    async open() {
      await flush(url);
      return { url, drop: () => flush(url) };
    },
    config: (address) => ({ kind: 'redis', url: address }),
  });
}

describe.each(kinds)('deliveries over $kind', ({ open, config }) => {
  let store: Store;
  let queue: QueueConfig;
  const links: BreakableLink[] = [];
  const producers: DeliveryProducer[] = [];
  const consumers: DeliveryConsumer[] = [];
  const release = new Set<() => void>();

  beforeEach(async () => {
    store = await open();
    queue = config(store.url);
    await prepareQueue(queue);
  });

  afterEach(async () => {
    for (const finish of release) finish();
    release.clear();
    await Promise.all([...consumers.splice(0), ...producers.splice(0)].map((end) => end.close()));
    await Promise.all(links.splice(0).map((link) => link.close()));
    await store.drop();
  });

  function produce(over: QueueConfig = queue, errors: Error[] = []): DeliveryProducer {
    const producer = openProducer(over, { onError: (error) => errors.push(error) });
    producers.push(producer);
    return producer;
  }

  /** A consumer that notes what it is handed; `handle` may make it take its time. */
  function consume(options: Partial<ConsumerOptions> = {}, over: QueueConfig = queue) {
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
    consumers.push(consumer);
    return { consumer, seen, errors };
  }

  /** A handler that holds until the test lets go. */
  function held() {
    const ends = new Map<string, () => void>();
    const handle = (delivery: Delivery) =>
      new Promise<void>((resolve) => {
        ends.set(delivery.jobId, resolve);
        release.add(resolve);
      });
    return { handle, running: () => [...ends.keys()], end: (jobId: string) => ends.get(jobId)?.() };
  }

  async function breakable(): Promise<{ link: BreakableLink; over: QueueConfig }> {
    const link = await openBreakableLink(store.url);
    links.push(link);
    return { link, over: config(link.url) };
  }

  it('hands over a delivery once, with what was put in', async () => {
    const { seen, errors } = consume({ concurrency: 4 });
    await produce().deliver({ jobId: 'job_1', lease: 7 });
    await until(() => seen.length > 0);
    await sleep(300);
    expect(seen).toEqual([{ jobId: 'job_1', lease: 7 }]);
    expect(errors).toEqual([]);
  });

  it('hands over to one slot in the order of delivery', async () => {
    const producer = produce();
    const jobs = Array.from({ length: 30 }, (_, index) => `job_${index}`);
    for (const jobId of jobs) await producer.deliver({ jobId, lease: 1 });
    const { seen } = consume();
    await until(() => seen.length === jobs.length);
    expect(seen.map((delivery) => delivery.jobId)).toEqual(jobs);
  });

  it('keeps deliveries for a consumer that comes later', async () => {
    const producer = produce();
    await producer.deliver({ jobId: 'job_1', lease: 1 });
    await producer.close();
    const { seen } = consume();
    await until(() => seen.length === 1);
  });

  it('never runs more handlers than there are slots, and fills a slot as soon as it is free', async () => {
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
  });

  it('takes the same lease for the same delivery, whether it waits, runs or is done', async () => {
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
  });

  it('hands over a job again under a new lease, even while the old one runs', async () => {
    const { handle } = held();
    const { seen } = consume({ concurrency: 2, handle });
    const producer = produce();
    await producer.deliver({ jobId: 'job_1', lease: 1 });
    await producer.deliver({ jobId: 'job_1', lease: 2 });
    await until(() => seen.length === 2);
    expect(seen.map((delivery) => delivery.lease)).toEqual([1, 2]);
  });

  it('goes on after a handler that rejects, and only reports it', async () => {
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

  it('shares deliveries between consumers without handing any over twice', async () => {
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

  it('takes nothing more once paused, while what runs goes on', async () => {
    const { handle, running, end } = held();
    const { consumer, seen } = consume({ concurrency: 4, handle });
    const producer = produce();
    await producer.deliver({ jobId: 'job_1', lease: 1 });
    await until(() => running().length === 1);
    await consumer.pause();
    await producer.deliver({ jobId: 'job_2', lease: 1 });
    // Longer than the five seconds for which BullMQ waits for the next delivery before it looks up.
    await sleep(6_500);
    expect(seen.map((delivery) => delivery.jobId)).toEqual(['job_1']);
    end('job_1');
    await consumer.close();
    expect(seen.map((delivery) => delivery.jobId)).toEqual(['job_1']);

    const other = consume();
    await until(() => other.seen.length === 1);
    expect(other.seen).toEqual([{ jobId: 'job_2', lease: 1 }]);
  });

  it('leaves to others at once what arrives after an idle consumer was paused', async () => {
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

  it('closes at once when idle, and when the last handler ends otherwise', async () => {
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

  it('hands the delivery of a consumer that lost its lock to another one', async () => {
    const { link, over } = await breakable();
    const { handle, running } = held();
    consume({ handle, lockMs: 500 }, over);
    await produce().deliver({ jobId: 'job_1', lease: 1 });
    await until(() => running().length === 1);
    await link.refuse();
    const other = consume({ lockMs: 500 });
    await until(() => other.seen.length === 1, 15_000);
    expect(other.seen).toEqual([{ jobId: 'job_1', lease: 1 }]);
  });

  it('keeps the delivery of a handler that runs much longer than a lock lasts', async () => {
    const { handle, running } = held();
    const busy = consume({ handle, lockMs: 500 });
    await produce().deliver({ jobId: 'job_1', lease: 1 });
    await until(() => running().length === 1);
    const other = consume({ lockMs: 500 });
    await sleep(4_000);
    expect(other.seen).toEqual([]);
    expect(busy.errors).toEqual([]);
  });

  it.each(['refuse', 'silence'] as const)('rejects within five seconds when the store goes away: %s', async (way) => {
    const { link, over } = await breakable();
    const producer = produce(over);
    await producer.deliver({ jobId: 'job_1', lease: 1 });
    await producer.check();
    await link[way]();
    for (const call of [() => producer.deliver({ jobId: 'job_2', lease: 1 }), () => producer.check()]) {
      const took = await tookMs(() => expect(call()).rejects.toThrow());
      expect(took).toBeLessThan(way === 'refuse' ? 2_000 : 5_500);
    }
    await link.mend();
    await until(() => producer.check().then(yes, no), 10_000);
    await producer.deliver({ jobId: 'job_2', lease: 1 });
    const { seen } = consume();
    await until(() => seen.length === 2);
  });

  it('opens a producer and a consumer before the store is there', async () => {
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

  it('goes on consuming after the store was away', async () => {
    const { link, over } = await breakable();
    const { seen, errors } = consume({}, over);
    const producer = produce();
    await producer.deliver({ jobId: 'job_1', lease: 1 });
    await until(() => seen.length === 1);
    await link.refuse();
    await sleep(3_000);
    await producer.deliver({ jobId: 'job_2', lease: 1 });
    await link.mend();
    await until(() => seen.length === 2, 15_000);
    // A store that is away is reported, but not in a flood.
    expect(errors.length).toBeLessThan(50);
  });

  it('closes in bounded time while the store is away', async () => {
    const { link, over } = await breakable();
    const producer = produce(over);
    await producer.deliver({ jobId: 'job_1', lease: 1 });
    const { handle, running, end } = held();
    const { consumer } = consume({ handle, concurrency: 2 }, over);
    await until(() => running().length === 1);
    await link.refuse();
    end('job_1');
    expect(await tookMs(() => Promise.all([consumer.close(), producer.close()]))).toBeLessThan(8_000);
    await expect(producer.deliver({ jobId: 'job_2', lease: 1 })).rejects.toThrow('closed');
  });

  it('loses nothing but time when the store lost everything', async () => {
    const { seen } = consume();
    const producer = produce();
    await producer.deliver({ jobId: 'job_1', lease: 1 });
    await until(() => seen.length === 1);
    // Redis was emptied under both; a database cannot be.
    if (queue.kind === 'redis') await flush(queue.url);
    await producer.deliver({ jobId: 'job_1', lease: 2 });
    await until(() => seen.length === 2, 10_000);
  });

  it('prepares a store that many processes prepare at once, and one that is prepared', async () => {
    const fresh = await open();
    await Promise.all(Array.from({ length: 8 }, () => prepareQueue(config(fresh.url))));
    await prepareQueue(config(fresh.url));
    await fresh.drop();
  });

  it('refuses ids that the store cannot keep', async () => {
    await expect(produce().deliver({ jobId: 'job:1', lease: 1 })).rejects.toThrow(RangeError);
    await expect(produce().deliver({ jobId: 'job_1', lease: 0.5 })).rejects.toThrow(RangeError);
  });
});

async function flush(url: string): Promise<void> {
  const client = new Redis(url);
  await client.flushall();
  await client.quit();
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
