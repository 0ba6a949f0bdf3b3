import { describe, expect, it } from 'vitest';
import { timeSteps } from './step-times.ts';

/** A clock that only steps move, the first of every ten by four times as much. */
function stepsOf(ms: number) {
  let now = 0;
  let steps = 0;
  return {
    step: () => {
      now += steps++ % 10 === 0 ? 4 * ms : ms;
    },
    clock: () => now,
  };
}

describe('the time of a step', () => {
  it('is the median of single steps, of at least two seconds', () => {
    const { step, clock } = stepsOf(5);
    const times = timeSteps(step, clock);
    expect([times.medianMs, times.p10Ms]).toEqual([5, 5]);
    expect(times.steps).toBeGreaterThanOrEqual(2_000 / 20);
  });

  it('is taken over groups where steps are short', () => {
    const { step, clock } = stepsOf(0.125);
    const times = timeSteps(step, clock);
    expect(times.medianMs).toBeGreaterThanOrEqual(0.125);
    expect(times.medianMs).toBeLessThan(0.25);
    expect(times.steps * 0.125).toBeGreaterThan(1_000);
  });

  it('is taken of twenty slow steps, and of fewer where those would take more than a minute', () => {
    const slow = stepsOf(1_000);
    expect(timeSteps(slow.step, slow.clock).steps).toBe(20);
    const slower = stepsOf(20_000);
    expect(timeSteps(slower.step, slower.clock).steps).toBeLessThan(20);
  });
});
