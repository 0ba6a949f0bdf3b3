import { describe, expect, it } from 'vitest';
import { storeWithRetry } from './storage-retry.ts';

describe('storeWithRetry', () => {
  it('repeats a write until it is stored, and tells of every failure', async () => {
    let calls = 0;
    const errors: unknown[] = [];
    const outcome = await storeWithRetry(
      async () => {
        calls++;
        if (calls < 3) throw new Error(`failure ${calls}`);
        return 'value';
      },
      { abandoned: () => false, onError: (error) => errors.push(error) },
    );
    expect(outcome).toEqual({ kind: 'stored', value: 'value' });
    expect(errors).toHaveLength(2);
  });

  it('stops at once when the lease is gone, with the last error', async () => {
    let abandoned = false;
    const outcome = await storeWithRetry(
      async () => {
        abandoned = true;
        throw new Error('the database is away');
      },
      { abandoned: () => abandoned, onError: () => {} },
    );
    expect(outcome).toMatchObject({ kind: 'abandoned', error: new Error('the database is away') });
  });
});
