/** Reads the command lines of the benches: every fault at once, never only the first. */
import { parseArgs } from 'node:util';

/** Options by name: `flag` takes no value, `value` takes one. */
export type OptionKinds = Readonly<Record<string, 'flag' | 'value'>>;

export interface CommandLine {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly positionals: readonly string[];
}

export type Parsed<Request> =
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

/** Splits arguments into options and the rest; what is wrong with them goes into `faults`. */
export function readOptions(args: readonly string[], kinds: OptionKinds, faults: string[]): CommandLine {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const positionals: string[] = [];
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(kinds).map(([name, kind]) => [name, { type: kind === 'flag' ? 'boolean' : 'string' } as const]),
    ),
  });
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const kind = kinds[name];
    if (kind === undefined) faults.push(`there is no option ${rawName}`);
    else if (flags.has(name) || values.has(name)) faults.push(`${rawName} is given twice`);
    else if (kind === 'flag' && value !== undefined) faults.push(`${rawName} takes no value`);
    else if (kind === 'flag') flags.add(name);
    else if (value === undefined || value === '') faults.push(`${rawName} takes a value`);
    else values.set(name, value);
  }
  return { flags, values, positionals };
}

/** A whole number in an interval, `otherwise` where the option is absent or at fault. */
export function wholeNumber(
  { values }: CommandLine,
  name: string,
  [lowest, highest]: readonly [number, number],
  otherwise: number,
  faults: string[],
): number {
  const text = values.get(name);
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= lowest && number <= highest) return number;
  faults.push(`--${name} is a whole number from ${lowest} to ${highest}, not ${JSON.stringify(text)}`);
  return otherwise;
}

/** One of the names offered, undefined where the option is absent or at fault. */
export function oneOf<Name extends string>(
  { values }: CommandLine,
  name: string,
  offered: readonly Name[],
  faults: string[],
): Name | undefined {
  const text = values.get(name);
  if (text === undefined) return undefined;
  const chosen = offered.find((candidate) => candidate === text);
  if (chosen === undefined) faults.push(`--${name} is one of ${offered.join(', ')}, not ${JSON.stringify(text)}`);
  return chosen;
}

/** All faults in one message, with how the command is used. */
export function faultMessage(command: string, faults: readonly string[], usage: string): string {
  return `${command}: ${faults.join('; ')}\n${usage}`;
}
