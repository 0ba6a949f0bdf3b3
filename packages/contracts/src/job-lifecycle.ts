/**
 * The life of a job: its states, and which may follow which. Every change of state in the store goes through this table.
 *
 *   queued → starting → running → succeeded | failed
 *      ↑________|__________|   (lease lost, or handed back on shutdown: queued again from the last checkpoint)
 *   any state that is not terminal → cancelled, by way of cancelling where a worker has to stop first
 */
export const JOB_STATES = ['queued', 'starting', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

export const LEGAL_MOVES = {
  queued: ['starting', 'cancelled', 'failed'],
  starting: ['running', 'queued', 'cancelling', 'cancelled', 'failed'],
  running: ['succeeded', 'failed', 'queued', 'cancelling'],
  // A job may finish in the moment between the request and the worker's look at it.
  cancelling: ['cancelled', 'succeeded', 'failed'],
  succeeded: [],
  failed: [],
  cancelled: [],
} as const satisfies Record<JobState, readonly JobState[]>;

export type TerminalState = 'succeeded' | 'failed' | 'cancelled';

export function isTerminal(state: JobState): state is TerminalState {
  return LEGAL_MOVES[state].length === 0;
}

/** The states from which `to` may be reached. */
export function statesBefore(to: JobState): JobState[] {
  return JOB_STATES.filter((from) => LEGAL_MOVES[from].some((next) => next === to));
}

/** States in which a worker holds, or is about to hold, the job under a lease. */
export const LEASED_STATES = ['starting', 'running', 'cancelling'] as const satisfies readonly JobState[];
