import { describe, expect, it } from 'vitest';
import { isTerminal, JOB_STATES, type JobState, LEASED_STATES, LEGAL_MOVES, statesBefore } from './job-lifecycle.ts';

describe('the life of a job', () => {
  const after = (state: JobState): readonly JobState[] => LEGAL_MOVES[state];

  it('can reach every state from queued, and a terminal one from every state', () => {
    const reachable = (from: JobState): Set<JobState> => {
      const seen = new Set<JobState>([from]);
      for (const state of seen) for (const next of after(state)) seen.add(next);
      return seen;
    };
    expect([...reachable('queued')].toSorted()).toEqual([...JOB_STATES].toSorted());
    for (const state of JOB_STATES) expect([...reachable(state)].some(isTerminal)).toBe(true);
  });

  it('ends in succeeded, failed and cancelled, and only there', () => {
    expect(JOB_STATES.filter(isTerminal)).toEqual(['succeeded', 'failed', 'cancelled']);
  });

  it('lets a job succeed only while a worker holds it', () => {
    const leased: readonly JobState[] = LEASED_STATES;
    for (const state of statesBefore('succeeded')) expect(leased).toContain(state);
  });

  it('never goes back from cancelling to running or to the queue', () => {
    expect(after('cancelling')).not.toContain('running');
    expect(after('cancelling')).not.toContain('queued');
  });
});
