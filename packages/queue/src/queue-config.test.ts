import { expect, it } from 'vitest';
import { queueConfig } from './queue-config.ts';

const database = 'postgresql://settle:secret@localhost/settle';

it('takes the database where no queue is named', () => {
  expect(queueConfig(undefined, database)).toEqual({ kind: 'postgres', connectionString: database });
});

it.each(['redis://localhost:6379', 'rediss://user:secret@cache.example:6380/2'])('takes the Redis of %s', (url) => {
  expect(queueConfig(url, database)).toEqual({ kind: 'redis', url });
});

it.each(['', 'localhost:6379', 'redis', 'redis://', 'http://:secret@localhost', 'postgresql://u:secret@localhost/q'])(
  'refuses "%s" without repeating what may be a password',
  (url) => {
    const attempt = () => queueConfig(url, database);
    expect(attempt).toThrow('QUEUE_URL');
    expect(attempt).not.toThrow('secret');
  },
);
