/** Do the checks that Settle brings itself find what they are for? Each is given one bad file and one good one. */
import { expect, it } from 'vitest';
import { environmentExampleFindings } from '../../scripts/src/checks/environment-example.ts';
import { inlineImportTypeFindings } from '../../scripts/src/checks/inline-import-types.ts';
import { largestFileFindings, MAXIMUM_LINES } from '../../scripts/src/checks/largest-file.ts';
import { machinePathFindings } from '../../scripts/src/checks/machine-paths.ts';
import type { ProcessEnvironment } from '../../scripts/src/checks/process-environment.ts';

// Put together here, because this file is checked too.
const slash = '/';
const call = 'import(';

it('finds a file that is too long and gives no reason', () => {
  const long = '\n'.repeat(MAXIMUM_LINES + 1);
  const findings = largestFileFindings([
    { name: 'long.ts', text: long },
    { name: 'long-with-reason.ts', text: `// File length: one table.${long}` },
    { name: 'long.md', text: long },
    { name: 'short.ts', text: '\n'.repeat(MAXIMUM_LINES) },
  ]);
  expect(findings).toEqual([expect.stringContaining('long.ts: 401 lines')]);
});

it('finds paths of a machine and the host of a registry', () => {
  const text = [
    `const folder = '${slash}home${slash}someone/settle';`,
    `https:${slash}${slash}registry.${'npmjs'}.org`,
    'import "../work/of-ours.ts"; // and apps/home/page.ts',
  ].join('\n');
  expect(machinePathFindings([{ name: 'a.ts', text }]).map((finding) => finding.split(': ')[0])).toEqual([
    'a.ts:1',
    'a.ts:2',
  ]);
});

it('finds types that are imported inside an expression', () => {
  const text = [
    `type A = ${call}'@settle/core').Method;`,
    `const b: typeof ${call}'@settle/core');`,
    `const c = await ${call}'node:fs');`,
  ].join('\n');
  expect(inlineImportTypeFindings([{ name: 'a.ts', text }])).toHaveLength(2);
});

const GOOD_EXAMPLE =
  '# What.\n# Unit: s. Default: 1. Read by: api.\nWAIT=1\n# Unit: URL. Default: none. Read by: api.\nDATABASE_URL=x\n';
const API: ProcessEnvironment = {
  process: 'api',
  variables: new Set(['WAIT', 'DATABASE_URL']),
  read: ({ WAIT = '1', DATABASE_URL }) => ({ WAIT, DATABASE_URL }),
};

it.each([
  ['a true example', GOOD_EXAMPLE, []],
  ['a missing variable', GOOD_EXAMPLE.replace('WAIT=1', ''), ['WAIT is read by a process and not listed']],
  [
    'a variable nobody reads',
    `${GOOD_EXAMPLE}# Unit: s. Default: 1.\nREST=1`,
    ['REST is listed and read by no process'],
  ],
  [
    'a wrong reader',
    GOOD_EXAMPLE.replace('Read by: api.\nW', 'Read by: worker.\nW'),
    ['WAIT: the comment does not say "Read by: api."'],
  ],
  ['a missing unit', GOOD_EXAMPLE.replace('Unit: s. ', ''), ['WAIT: the comment does not say "Unit:"']],
  ['a value that is no default', GOOD_EXAMPLE.replace('WAIT=1', 'WAIT=2'), ['a value is not the default of the api']],
])('holds .env.example to the processes: %s', (_, example, findings) => {
  expect(environmentExampleFindings(example, [API])).toEqual(findings);
});
