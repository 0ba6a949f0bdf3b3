/** A typed client of the HTTP API. */
import type {
  CheckpointList,
  DatasetList,
  Job,
  JobEvent,
  JobEventList,
  JobList,
  JobProgress,
  MetricSeriesList,
  Problem,
} from '@settle/contracts';
import { parseEventStream } from './event-stream-parser.ts';

export interface SettleClientOptions {
  /** For example `http://127.0.0.1:3000`. */
  readonly baseUrl: string;
  readonly apiKey: string;
}

/** An answer that is a problem document. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    const faults = problem.errors.map((fault) => `\n  ${fault.pointer}: ${fault.detail}`).join('');
    super(`${problem.code}: ${problem.detail}${faults}`);
    this.problem = problem;
  }
}

export type FollowedEvent = JobEvent | { readonly type: 'job.progress'; readonly data: JobProgress };

export interface SettleClient {
  /** Submits a job as the body of POST /v1/jobs describes it. */
  submitJob(body: unknown): Promise<Job>;
  getJob(id: string): Promise<Job>;
  listJobs(query?: { readonly limit?: number; readonly after?: string }): Promise<JobList>;
  cancelJob(id: string): Promise<Job>;
  getMetrics(
    id: string,
    query?: { readonly keys?: readonly string[]; readonly maxPoints?: number },
  ): Promise<MetricSeriesList>;
  listEvents(id: string, query?: { readonly after?: number; readonly waitSeconds?: number }): Promise<JobEventList>;
  /** Events and progress until the job has ended; reconnects by itself and misses no event. */
  followJob(
    id: string,
    options?: { readonly after?: number; readonly signal?: AbortSignal },
  ): AsyncGenerator<FollowedEvent, void>;
  listCheckpoints(id: string): Promise<CheckpointList>;
  downloadCheckpoint(id: string): Promise<Uint8Array>;
  listDatasets(): Promise<DatasetList>;
}

const RECONNECT_MS = 1_000;
const RECONNECTS_IN_A_ROW = 30;

/** Every call rejects with a ProblemError when the service refuses, and with fetch's own error when it cannot be reached. */
export function settleClient({ baseUrl, apiKey }: SettleClientOptions): SettleClient {
  const request = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${apiKey}`);
    const response = await fetch(new URL(path, baseUrl), { ...init, headers });
    if (response.ok) return response;
    throw await problemOf(response);
  };
  const read = async <Answer>(path: string, init?: RequestInit): Promise<Answer> => {
    const response = await request(path, init);
    // The parser of this border: the service answers by the schemas that these types are made from.
    return (await response.json()) as Answer;
  };
  const job = (id: string) => `/v1/jobs/${encodeURIComponent(id)}`;
  const query = (values: Readonly<Record<string, string | number | undefined>>) => {
    const given = Object.entries(values).filter(([, value]) => value !== undefined);
    const text = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
    return text === '' ? '' : `?${text}`;
  };

  async function* follow(
    id: string,
    after: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<FollowedEvent, void> {
    let last = after;
    let failures = 0;
    while (!hasAborted(signal)) {
      try {
        const headers = { accept: 'text/event-stream', 'last-event-id': String(last) };
        const response = await request(`${job(id)}/events`, signal === undefined ? { headers } : { headers, signal });
        if (response.status === 204 || response.body === null) return;
        for await (const { id: number, event, data } of parseEventStream(response.body)) {
          failures = 0;
          const parsed = parsedEvent(event, data);
          yield parsed;
          if (number !== undefined) last = Number(number);
          if (parsed.type === 'job.status' && parsed.data.is_terminal) return;
        }
      } catch (error) {
        const isRefused = error instanceof ProblemError && error.problem.status < 500;
        if (isRefused || hasAborted(signal)) throw error;
        failures++;
        if (failures > RECONNECTS_IN_A_ROW) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
    }
  }

  return {
    submitJob: (body) =>
      read('/v1/jobs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    getJob: (id) => read(job(id)),
    listJobs: ({ limit, after } = {}) => read(`/v1/jobs${query({ limit, after })}`),
    cancelJob: (id) => read(`${job(id)}/cancel`, { method: 'POST' }),
    getMetrics: (id, { keys, maxPoints } = {}) =>
      read(`${job(id)}/metrics${query({ keys: keys?.join(','), max_points: maxPoints })}`),
    listEvents: (id, { after, waitSeconds } = {}) => read(`${job(id)}/events${query({ after, wait: waitSeconds })}`),
    followJob: (id, { after = 0, signal } = {}) => follow(id, after, signal),
    listCheckpoints: (id) => read(`${job(id)}/checkpoints`),
    async downloadCheckpoint(id) {
      const response = await request(`/v1/checkpoints/${encodeURIComponent(id)}/content`);
      return new Uint8Array(await response.arrayBuffer());
    },
    listDatasets: () => read('/v1/datasets'),
  };
}

function parsedEvent(event: string, data: string): FollowedEvent {
  // The parser of this border, as above.
  const value: unknown = JSON.parse(data);
  return (event === 'job.progress' ? { type: event, data: value } : value) as FollowedEvent;
}

async function problemOf(response: Response): Promise<Error> {
  const text = await response.text();
  if (!response.headers.get('content-type')?.startsWith('application/problem+json')) {
    return new Error(`the service answered ${response.status}: ${text.slice(0, 200)}`);
  }
  return new ProblemError(JSON.parse(text) as Problem);
}

function hasAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted ?? false;
}
