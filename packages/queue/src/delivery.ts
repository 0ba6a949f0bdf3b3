/**
 * What does the queue carry? Only "job J was given lease N": the job's row in Postgres is the truth, and who is woken by a
 * delivery claims it there. The payload is ids only, because a queue's store is read by more eyes than the database.
 */
export interface Delivery {
  readonly jobId: string;
  /** The number of this dispatch of the job, which every write of whoever runs it carries. */
  readonly lease: number;
}

/**
 * Under which id the queue's store knows it. BullMQ ignores an id that it still remembers, so delivering one lease twice
 * is harmless, and the next lease of the job is never taken for the last one.
 */
export function deliveryId({ jobId, lease }: Delivery): string {
  // BullMQ builds keys with colons.
  if (jobId === '' || jobId.includes(':')) throw new RangeError(`"${jobId}" cannot be delivered as the id of a job`);
  if (!Number.isSafeInteger(lease) || lease < 0) throw new RangeError(`${lease} is no lease number`);
  return `${jobId}-l${lease}`;
}

export function parseDelivery(payload: unknown): Delivery {
  if (typeof payload === 'object' && payload !== null && 'jobId' in payload && 'lease' in payload) {
    const { jobId, lease } = payload;
    if (typeof jobId === 'string' && typeof lease === 'number') return { jobId, lease };
  }
  throw new TypeError('the queue holds something that is no delivery');
}
