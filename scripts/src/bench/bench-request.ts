/** What is to be measured? The command line of `npm run -s bench`. */
import { oneOf, type Parsed, readOptions, wholeNumber } from './command-line.ts';

export interface BenchRequest {
  readonly json: boolean;
  readonly record: boolean;
  /** Undefined: all workloads. */
  readonly only: string | undefined;
  readonly kernels: string;
  readonly lanes: number;
}

/** What can be asked for on this machine. */
export interface BenchOffer {
  readonly workloads: readonly string[];
  /** Kernel sets that can run here, the one to prefer first. */
  readonly kernels: readonly [string, ...string[]];
  /** All that there are, built here or not. */
  readonly knownKernels: readonly string[];
  readonly cores: number;
}

export const BENCH_USAGE =
  'usage: npm run -s bench -- [--json] [--record] [--only NAME] [--kernels NAME] [--lanes NUMBER]';

export const MOST_LANES = 64;

export function parseBenchArguments(args: readonly string[], offer: BenchOffer): Parsed<BenchRequest> {
  const faults: string[] = [];
  const line = readOptions(
    args,
    { json: 'flag', record: 'flag', only: 'value', kernels: 'value', lanes: 'value' },
    faults,
  );
  for (const text of line.positionals) faults.push(`${JSON.stringify(text)} is not expected`);
  const only = oneOf(line, 'only', offer.workloads, faults);
  const known = oneOf(line, 'kernels', offer.knownKernels, faults);
  if (known !== undefined && !offer.kernels.includes(known)) {
    faults.push(`--kernels ${known}: not built on this machine`);
  }
  const lanes = wholeNumber(line, 'lanes', [1, MOST_LANES], Math.min(offer.cores, MOST_LANES), faults);
  if (faults.length > 0) return { kind: 'faults', faults };
  return {
    kind: 'request',
    request: {
      json: line.flags.has('json'),
      record: line.flags.has('record'),
      only,
      kernels: known ?? offer.kernels[0],
      lanes,
    },
  };
}
