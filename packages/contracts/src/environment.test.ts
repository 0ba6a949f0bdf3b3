import Type from 'typebox';
import { describe, expect, it } from 'vitest';
import { readEnvironment, SHARED_ENVIRONMENT } from './environment.ts';

const Schema = Type.Object({ ...SHARED_ENVIRONMENT });

describe('readEnvironment', () => {
  it('converts, fills in defaults, and takes an empty variable for an absent one', () => {
    expect(
      readEnvironment(Schema, { DATABASE_URL: 'postgres://x', QUEUE_URL: '', LEASE_MS: '3000', PATH: '/bin' }),
    ).toEqual({
      DATABASE_URL: 'postgres://x',
      LOG_LEVEL: 'info',
      LEASE_MS: 3_000,
    });
  });

  it('names every fault at once and repeats no value, for it may be a secret', () => {
    const read = () =>
      readEnvironment(Schema, { QUEUE_URL: 'http://user:hunter2@host', LEASE_MS: 'soon', LOG_LEVEL: 'loud' });
    for (const name of ['DATABASE_URL', 'QUEUE_URL', 'LEASE_MS', 'LOG_LEVEL']) expect(read).toThrow(name);
    expect(read).not.toThrow(/hunter2/);
  });
});
