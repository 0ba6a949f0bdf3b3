/** Configuration from the environment: every fault at once, at start. `.env.example` lists every variable with its reader. */
import Type, { type Static, type TObject } from 'typebox';
import { Convert, Default } from 'typebox/value';
import { faultsOf } from './faults.ts';

/** What every process of the service reads. */
export const SHARED_ENVIRONMENT = {
  DATABASE_URL: Type.String({ pattern: '^postgres(ql)?://', description: 'Postgres, the truth.' }),
  QUEUE_URL: Type.Optional(
    Type.String({ pattern: '^rediss?://', description: 'Redis for the queue; absent: the queue lives in Postgres.' }),
  ),
  LOG_LEVEL: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], { default: 'info' }),
  LEASE_MS: Type.Integer({
    minimum: 1_000,
    maximum: 600_000,
    default: 10_000,
    description: 'How long a worker may be silent before its jobs are given to another.',
  }),
} as const;

/** Throws Error with one line per fault. Values are never repeated: some of them are secrets. */
export function readEnvironment<Schema extends TObject>(
  schema: Schema,
  environment: Readonly<Record<string, string | undefined>>,
): Static<Schema> {
  const names = Object.keys(schema.properties);
  // An empty variable is how shells and compose files write an absent one.
  const given = Object.fromEntries(
    names.flatMap((name) => {
      const value = environment[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const values: unknown = Default(schema, Convert(schema, given));
  const faults = faultsOf(schema, values);
  if (faults.length > 0) {
    const lines = faults.map((fault) => `  ${fault.pointer.slice(1)}: ${fault.detail}`);
    throw new Error(`the environment is not valid:\n${lines.join('\n')}`);
  }
  return checkedValues<Static<Schema>>(values);
}

/** The one cast of this parser: `faultsOf` found nothing wrong. */
function checkedValues<Values>(values: unknown): Values {
  return values as Values;
}
