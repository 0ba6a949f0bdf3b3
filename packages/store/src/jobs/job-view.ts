/** From a job's row to the job as the API shows it. */
import { idFromUuid, isTerminal, JOB_STATES, type Job, type JobState } from '@settle/contracts';
import type { Job as JobRow } from '../generated/prisma/client.ts';

const POLL_AFTER_MS = { queued: 2_000, starting: 500, running: 1_000, cancelling: 250 } as const;

export function jobView(row: JobRow): Job {
  const state = jobStateOf(row.state);
  return {
    id: idFromUuid('job', row.id),
    object: 'job',
    name: row.name,
    recipe: row.recipe,
    status: state,
    status_reason: row.stateReason,
    is_terminal: isTerminal(state),
    attempt: row.lease,
    revision: row.revision,
    created_at: row.createdAt.toISOString(),
    started_at: row.startedAt?.toISOString() ?? null,
    finished_at: row.finishedAt?.toISOString() ?? null,
    spec: row.spec,
    progress: storedJson<Job['progress']>(row.progress),
    result: storedJson<Job['result']>(row.result),
    failure: storedJson<Job['failure']>(row.failure),
    poll_after_ms: isTerminal(state) ? null : POLL_AFTER_MS[state],
  };
}

/** Narrows a state read from the database, where a check constraint keeps it to the same list. */
export function jobStateOf(text: string): JobState {
  const state = JOB_STATES.find((candidate) => candidate === text);
  if (state === undefined) throw new Error(`the database holds an unknown job state ${text}`);
  return state;
}

/** The parser of this border: only the typed writers of this folder put JSON into these columns. */
function storedJson<Value>(json: unknown): Value {
  return json as Value;
}
