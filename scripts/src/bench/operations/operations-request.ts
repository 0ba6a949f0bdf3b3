/** What is to be measured? The command line of `npm run -s bench:operations`. */
import { MOST_LANES } from '../bench-request.ts';
import { oneOf, type Parsed, readOptions, wholeNumber } from '../command-line.ts';

export interface OperationsRequest {
  readonly json: boolean;
  /** Undefined: all of them. */
  readonly only: string | undefined;
  readonly kernels: string | undefined;
  readonly lanes: number;
}

export interface OperationsOffer {
  readonly operations: readonly string[];
  readonly engines: readonly string[];
}

export const OPERATIONS_USAGE =
  'usage: npm run -s bench:operations -- [--json] [--only OPERATION] [--kernels NAME] [--lanes NUMBER (1)]';

export function parseOperationsArguments(args: readonly string[], offer: OperationsOffer): Parsed<OperationsRequest> {
  const faults: string[] = [];
  const line = readOptions(args, { json: 'flag', only: 'value', kernels: 'value', lanes: 'value' }, faults);
  for (const text of line.positionals) faults.push(`${JSON.stringify(text)} is not expected`);
  const only = oneOf(line, 'only', offer.operations, faults);
  const kernels = oneOf(line, 'kernels', offer.engines, faults);
  const lanes = wholeNumber(line, 'lanes', [1, MOST_LANES], 1, faults);
  if (faults.length > 0) return { kind: 'faults', faults };
  return { kind: 'request', request: { json: line.flags.has('json'), only, kernels, lanes } };
}
