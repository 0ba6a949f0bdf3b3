/**
 * A job's events as server-sent events. Events carry their number as id, so that a client that lost its connection goes
 * on where it was; progress carries none, because only the latest counts. The stream ends with the job.
 */
import type { JobEventList, JobId } from '@settle/contracts';
import { type Database, readJobFeed, type Tenant } from '@settle/store';
import type { JobWatcher } from './job-watcher.ts';

export interface EventStreamOptions {
  readonly database: Database;
  readonly watcher: JobWatcher;
  readonly tenant: Tenant;
  readonly jobId: JobId;
  /** Number of the last event the client has seen; 0 for all. */
  readonly after: number;
  readonly signal: AbortSignal;
}

/** Often enough that proxies keep an idle connection open. */
const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 2_000;

export async function* eventStream(options: EventStreamOptions): AsyncGenerator<string, void> {
  const { database, watcher, tenant, jobId, signal } = options;
  let after = options.after;
  let progress = '';
  yield `retry: ${RECONNECT_MS}\n\n`;
  while (!signal.aborted) {
    const feed = await readJobFeed(database, tenant, jobId, after);
    if (feed === undefined) return;
    for (const event of feed.data) {
      yield `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
    }
    after = feed.last_event_id;
    const latest = JSON.stringify(feed.progress);
    if (feed.progress !== null && latest !== progress && !feed.is_terminal) {
      progress = latest;
      yield `event: job.progress\ndata: ${latest}\n\n`;
    }
    if (feed.is_terminal || watcher.isClosed()) return;
    if (feed.hasMore) continue;
    const waitedFrom = performance.now();
    await watcher.changed(jobId, feed.revision, HEARTBEAT_MS, signal);
    if (performance.now() - waitedFrom >= HEARTBEAT_MS) yield ': still here\n\n';
  }
}

/** The same feed for clients without event streams: waits until there is something after `after`, at most `waitMs`. */
export async function longPoll(options: EventStreamOptions, waitMs: number): Promise<JobEventList | undefined> {
  const { database, watcher, tenant, jobId, after, signal } = options;
  const deadline = performance.now() + waitMs;
  for (;;) {
    const feed = await readJobFeed(database, tenant, jobId, after);
    if (feed === undefined) return undefined;
    const { revision, hasMore: _, ...list } = feed;
    const leftMs = deadline - performance.now();
    if (list.data.length > 0 || list.is_terminal || leftMs <= 0 || signal.aborted || watcher.isClosed()) {
      return list;
    }
    await watcher.changed(jobId, revision, leftMs, signal);
  }
}
