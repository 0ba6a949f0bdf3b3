import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HeldSlots, slotsOf } from './slots.ts';

describe('slots', () => {
  it('give a job as many as it has lanes, or what is left, and never more in all than there are', () => {
    const step = fc.record({
      what: fc.constantFrom('take', 'grow', 'release'),
      which: fc.nat(20),
      wanted: fc.integer({ min: 1, max: 16 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 60 }), (total, steps) => {
        let said = total;
        const slots = slotsOf(total, (jobs) => {
          said = jobs;
        });
        const held = new Map<HeldSlots, number>();
        const free = () => total - [...held.values()].reduce((sum, count) => sum + count, 0);
        for (const { what, which, wanted } of steps) {
          const [holder, count = 0] = [...held][which % Math.max(held.size, 1)] ?? [];
          if (what === 'take') {
            const before = free();
            const taken = slots.take();
            expect(taken === undefined).toBe(before === 0);
            if (taken !== undefined) held.set(taken, 1);
          } else if (holder !== undefined && what === 'grow') {
            const expected = Math.min(Math.max(wanted, count), count + free());
            expect(holder.grow(wanted)).toBe(expected);
            held.set(holder, expected);
          } else if (holder !== undefined) {
            holder.release();
            holder.release();
            expect(holder.grow(wanted)).toBe(0);
            held.delete(holder);
          }
          expect(slots.jobs()).toBe(held.size + free());
          expect(said).toBe(slots.jobs());
        }
      }),
    );
  });
});
