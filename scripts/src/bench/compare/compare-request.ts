/** What is to be compared? The command line of `npm run -s bench:compare`. */
import { type CommandLine, type Parsed, readOptions, wholeNumber } from '../command-line.ts';

export interface CompareRequest {
  /** As given: commits, branches, tags, or `.` for the checkout as it is. */
  readonly before: string;
  readonly after: string;
  readonly rounds: number;
  readonly json: boolean;
  /** Handed on to the bench of both. */
  readonly benchArguments: readonly string[];
}

export const COMPARE_USAGE =
  'usage: npm run -s bench:compare -- A B [--rounds NUMBER (3)] [--json] [--only NAME] [--kernels NAME] [--lanes NUMBER]\n' +
  'A and B are commits, or . for the checkout as it is';

const FEWEST_ROUNDS = 3;
const MOST_ROUNDS = 100;
const HANDED_ON = ['only', 'kernels', 'lanes'] as const;

export function parseCompareArguments(args: readonly string[]): Parsed<CompareRequest> {
  const faults: string[] = [];
  const line = readOptions(
    args,
    { json: 'flag', rounds: 'value', only: 'value', kernels: 'value', lanes: 'value' },
    faults,
  );
  const rounds = wholeNumber(line, 'rounds', [FEWEST_ROUNDS, MOST_ROUNDS], FEWEST_ROUNDS, faults);
  const [before, after, ...rest] = line.positionals;
  if (before === undefined || after === undefined || rest.length > 0) {
    faults.push(`two commits are to be compared, not ${line.positionals.length}`);
    return { kind: 'faults', faults };
  }
  if (faults.length > 0) return { kind: 'faults', faults };
  return {
    kind: 'request',
    request: { before, after, rounds, json: line.flags.has('json'), benchArguments: handedOn(line) },
  };
}

function handedOn({ values }: CommandLine): readonly string[] {
  return HANDED_ON.flatMap((name) => {
    const value = values.get(name);
    return value === undefined ? [] : [`--${name}`, value];
  });
}
