import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idFromUuid, isId, newId, uuidFromId } from './ids.ts';

describe('ids', () => {
  it('carry any UUID there and back', () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        const id = idFromUuid('job', uuid);
        expect(id).toMatch(/^job_[0-9a-hjkmnp-tv-z]{26}$/);
        expect(uuidFromId('job', id)).toBe(uuid);
      }),
    );
  });

  it('sort by the time they were made', async () => {
    const first = newId('job');
    await new Promise((resolve) => setTimeout(resolve, 3));
    expect(first < newId('job')).toBe(true);
  });

  it('are not taken for ids of another kind, and hostile text is taken for none', () => {
    const id = newId('job');
    expect(isId('job', id)).toBe(true);
    expect(isId('checkpoint', id)).toBe(false);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `job_${text}`),
        ),
        (text) => {
          const uuid = uuidFromId('job', text);
          if (uuid !== undefined) expect(idFromUuid('job', uuid)).toBe(text);
        },
      ),
    );
    // 26 digits hold 130 bits: two too many.
    expect(uuidFromId('job', `job_${'z'.repeat(26)}`)).toBeUndefined();
    expect(uuidFromId('job', id.toUpperCase())).toBeUndefined();
  });
});
