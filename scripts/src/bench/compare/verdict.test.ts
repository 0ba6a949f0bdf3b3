import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareRounds, type Round } from './verdict.ts';

const timing = (msPerStep: number, workload = 'p-512') => ({ workload, batch: 20, kernels: 'wasm', msPerStep });
const round = (before: number, after: number): Round => ({ before: [timing(before)], after: [timing(after)] });

describe('a comparison', () => {
  it('is plain where all rounds agree on more than their spread', () => {
    expect(compareRounds([round(10, 5), round(12, 6.3), round(9, 4.6)])).toMatchObject([
      { beforeMs: 10, afterMs: 5, verdict: 'faster' },
    ]);
    expect(compareRounds([round(5, 10), round(6, 12), round(4, 8)])).toMatchObject([{ ratio: 2, verdict: 'slower' }]);
  });

  it('says nothing where rounds scatter by more than they differ', () => {
    expect(compareRounds([round(10, 9), round(10, 11), round(10, 9.5)])[0]?.verdict).toBe('no difference seen');
  });

  it('never finds a difference where the rounds lie on both sides', () => {
    const ms = fc.double({ min: 0.1, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(ms, ms), { minLength: 1, maxLength: 6 }), (pairs) => {
        const rounds = pairs.flatMap(([one, other]) => [round(one, other), round(other, one)]);
        expect(compareRounds(rounds)[0]?.verdict).toBe('no difference seen');
      }),
    );
  });

  it('looks at each round by itself, so that a machine that drifts for both does not count', () => {
    const [comparison] = compareRounds([round(10, 9), round(20, 18), round(40, 36)]);
    expect(comparison).toMatchObject({ ratio: 0.9, verdict: 'faster' });
    expect(comparison?.spread).toBeCloseTo(0);
  });

  it('leaves out what one side has not measured in every round', () => {
    expect(compareRounds([{ before: [timing(1)], after: [timing(1), timing(1, 'new')] }])).toHaveLength(1);
    expect(compareRounds([{ before: [], after: [timing(1)] }])).toEqual([]);
  });
});
