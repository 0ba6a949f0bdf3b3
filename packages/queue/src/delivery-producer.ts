/** How does a delivery get into the queue? By a producer that answers or rejects in seconds, wherever the store is. */
import { type OpenQueue, openQueue } from './bullmq-backend.ts';
import { withDeadline } from './deadline.ts';
import { type Delivery, deliveryId } from './delivery.ts';
import type { QueueConfig } from './queue-config.ts';

export interface DeliveryProducer {
  /**
   * Rejects within 5 s when the backend is away, never hangs. After a rejection the delivery may or may not be in the
   * queue: delivering it again is right, since the same lease twice is one delivery.
   */
  deliver(delivery: Delivery): Promise<void>;
  /** Rejects within 5 s unless the backend answers. */
  check(): Promise<void>;
  close(): Promise<void>;
}

export interface ProducerOptions {
  /** Told of lost connections, which are then taken up again; what a call has to tell, it rejects with. */
  readonly onError: (error: Error) => void;
}

const ANSWER_WITHIN_MS = 5_000;
const CLOSE_WITHIN_MS = 2_000;

/**
 * How long the store remembers what it has delivered: enough to ignore repetitions and to look at recent ones, bounded
 * because nothing else ever removes them. Ages are in seconds.
 */
const REMEMBERED = {
  attempts: 1,
  removeOnComplete: { count: 1_000, age: 3_600 },
  removeOnFail: { count: 5_000, age: 86_400 },
} as const;

export function openProducer(config: QueueConfig, { onError }: ProducerOptions): DeliveryProducer {
  const opened = new Set<OpenQueue>();
  let isClosed = false;
  let ready: Promise<OpenQueue['queue']> | undefined;

  /** BullMQ never tries again after a first connection that failed, so each such failure is followed by a new queue. */
  async function connect(): Promise<OpenQueue['queue']> {
    const attempt = openQueue(config);
    opened.add(attempt);
    attempt.queue.on('error', (error) => {
      if (opened.has(attempt)) onError(error);
    });
    try {
      await attempt.queue.waitUntilReady();
      return attempt.queue;
    } catch (error) {
      ready = undefined;
      await closeQueue(attempt);
      throw error;
    }
  }

  async function closeQueue(attempt: OpenQueue): Promise<void> {
    opened.delete(attempt);
    try {
      await withDeadline(attempt.queue.close(), CLOSE_WITHIN_MS, 'the queue did not close');
    } catch {
      // The store is away: there is nobody to take leave of.
    } finally {
      attempt.abandon();
    }
  }

  async function ask<T>(question: (queue: OpenQueue['queue']) => Promise<T>): Promise<T> {
    if (isClosed) throw new Error('the producer is closed');
    ready ??= connect();
    const answer = ready.then(question);
    return withDeadline(answer, ANSWER_WITHIN_MS, `the queue did not answer within ${ANSWER_WITHIN_MS / 1_000} s`);
  }

  return {
    async deliver(delivery) {
      const jobId = deliveryId(delivery);
      const payload = { jobId: delivery.jobId, lease: delivery.lease };
      await ask((queue) => queue.add('delivery', payload, { ...REMEMBERED, jobId }));
    },
    async check() {
      await ask((queue) => queue.getJobCounts('waiting'));
    },
    async close() {
      isClosed = true;
      await Promise.all([...opened].map(closeQueue));
    },
  };
}
