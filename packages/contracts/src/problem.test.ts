/** docs/problems.md and the registries are held to each other, both ways. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { FAILURE_CODES } from './job-failure.ts';
import { PROBLEMS } from './problem.ts';

describe('docs/problems.md', () => {
  it('explains every problem and every failure, with its status, and none that does not exist', async () => {
    const text = await readFile(new URL('../../../docs/problems.md', import.meta.url), 'utf8');
    const [problems = '', failures = ''] = text.split('## Why a job failed');
    const rows = [...problems.matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [
      code,
      Number(status),
    ]);
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(Object.entries(PROBLEMS).map(([code, { status }]) => [code, status])),
    );
    const codes = [...failures.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code);
    expect(codes.toSorted()).toEqual([...FAILURE_CODES].toSorted());
  });
});
