import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RateSchedule } from './optimizer-description.ts';
import { rateFactor } from './schedule.ts';

const wholeEpochs = fc.nat({ max: 300 });
const fraction = fc.double({ min: 0, max: 0.999, noNaN: true });
const positive = fc.double({ min: 0.1, max: 1.2, noNaN: true });
const unit = fc.double({ min: 0, max: 1, noNaN: true });

const schedules: fc.Arbitrary<RateSchedule> = fc.oneof(
  fc.constant({ kind: 'constant' } as const),
  fc.record({ kind: fc.constant('step'), everyEpochs: fc.integer({ min: 1, max: 50 }), factor: positive }),
  fc.record({ kind: fc.constant('exponential'), factorPerEpoch: positive }),
  fc.record({ kind: fc.constant('cosine'), epochs: fc.integer({ min: 1, max: 200 }), lowest: unit }),
);

describe('a schedule', () => {
  it('begins at the base rate and stays through an epoch, whatever its kind', () => {
    fc.assert(
      fc.property(schedules, wholeEpochs, fraction, (schedule, epochs, part) => {
        expect(rateFactor(schedule, 0)).toBeCloseTo(1, 14);
        expect(rateFactor(schedule, epochs + part)).toBe(rateFactor(schedule, epochs));
      }),
    );
  });

  it('in steps: takes its factor once after every so many epochs', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), positive, wholeEpochs, (everyEpochs, factor, epochs) => {
        const schedule = { kind: 'step', everyEpochs, factor } as const;
        const taken = (epochs + 1) % everyEpochs === 0 ? factor : 1;
        const before = rateFactor(schedule, epochs);
        expect(Math.abs(rateFactor(schedule, epochs + 1) - before * taken)).toBeLessThanOrEqual(1e-12 * before);
      }),
    );
  });

  it('exponentially: takes its factor after every epoch', () => {
    fc.assert(
      fc.property(positive, wholeEpochs, (factorPerEpoch, epochs) => {
        const schedule = { kind: 'exponential', factorPerEpoch } as const;
        const before = rateFactor(schedule, epochs);
        const after = rateFactor(schedule, epochs + 1);
        expect(Math.abs(after - before * factorPerEpoch)).toBeLessThanOrEqual(1e-12 * before);
      }),
    );
  });

  it('by a cosine: falls to its lowest, symmetrically about the middle, and stays there', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), unit, wholeEpochs, (epochs, lowest, done) => {
        const schedule = { kind: 'cosine', epochs, lowest } as const;
        const at = (e: number) => rateFactor(schedule, e);
        expect(at(epochs)).toBeCloseTo(lowest, 14);
        expect(at(epochs + done)).toBe(at(epochs));
        const inside = done % (epochs + 1);
        expect(at(inside) + at(epochs - inside)).toBeCloseTo(1 + lowest, 13);
        expect(at(done + 1)).toBeLessThanOrEqual(at(done));
      }),
    );
  });

  it('by a cosine: is where PyTorch puts it, eta_min + (1 − eta_min)(1 + cos(π t / T_max)) / 2', () => {
    const schedule = { kind: 'cosine', epochs: 4, lowest: 0.1 } as const;
    // cos(π / 4) = √½.
    const expected = [1, 0.1 + 0.45 * (1 + Math.SQRT1_2), 0.55, 0.1 + 0.45 * (1 - Math.SQRT1_2), 0.1];
    expected.forEach((factor, epochs) => {
      expect(rateFactor(schedule, epochs)).toBeCloseTo(factor, 14);
    });
  });

  it('warms up in a straight line from 0, batch by batch, to what it would be without', () => {
    const lengths = fc.double({ min: 0.1, max: 20, noNaN: true });
    const epochs = fc.double({ min: 0, max: 40, noNaN: true });
    fc.assert(
      fc.property(schedules, lengths, epochs, (schedule, warmUpEpochs, done) => {
        const warming = { ...schedule, warmUpEpochs };
        const plain = rateFactor(schedule, done);
        expect(rateFactor(warming, 0)).toBe(0);
        if (done >= warmUpEpochs) expect(rateFactor(warming, done)).toBe(plain);
        else expect(rateFactor(warming, done) * warmUpEpochs).toBeCloseTo(plain * done, 10);
      }),
    );
  });

  it('takes a warm-up of no length for none', () => {
    expect(rateFactor({ kind: 'constant', warmUpEpochs: 0 }, 0)).toBe(1);
  });
});
