/** prisma/schema.prisma and the migrations are written by hand, side by side; here they are held to each other. */
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScratchDatabase, type ScratchDatabase } from '../../../../testing/scratch-database.ts';
import { migrate } from './migrate.ts';

interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly nullable: boolean;
}

/** Tables that Prisma does not know on purpose: bulk data, and the runner's own records. */
const WITHOUT_MODEL = ['_prisma_migrations', 'blob', 'blob_chunk', 'metric_chunk'];

const POSTGRES_TYPES: Readonly<Record<string, string>> = {
  'String @db.Uuid': 'uuid',
  String: 'text',
  Int: 'integer',
  BigInt: 'bigint',
  Boolean: 'boolean',
  Json: 'jsonb',
  Bytes: 'bytea',
  'DateTime @db.Timestamptz(3)': 'timestamp with time zone',
};

describe('prisma/schema.prisma', () => {
  let scratch: ScratchDatabase;
  let actual: Column[];
  let declared: Column[];
  beforeAll(async () => {
    scratch = await createScratchDatabase();
    await migrate(scratch.connectionString);
    actual = await columnsOf(scratch.connectionString);
    declared = columnsIn(await readFile(new URL('../../../../prisma/schema.prisma', import.meta.url), 'utf8'));
  });
  afterAll(() => scratch.drop());

  it('declares exactly the columns that the migrations make, with type and nullability', () => {
    expect(declared.length).toBeGreaterThan(50);
    expect(declared.map(textOf).toSorted()).toEqual(
      actual
        .filter(({ table }) => !WITHOUT_MODEL.includes(table))
        .map(textOf)
        .toSorted(),
    );
  });
});

function textOf({ table, column, type, nullable }: Column): string {
  return `${table}.${column} ${type}${nullable ? ' NULL' : ''}`;
}

async function columnsOf(connectionString: string): Promise<Column[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<Column>(
      `SELECT table_name AS "table", column_name AS "column", data_type AS "type", is_nullable = 'YES' AS nullable
       FROM information_schema.columns WHERE table_schema = 'public'`,
    );
    return rows;
  } finally {
    await client.end();
  }
}

/** Reads the models of a Prisma schema: enough of its grammar for scalar fields and `@map`. */
function columnsIn(schema: string): Column[] {
  const models = [...schema.matchAll(/^model (\w+) \{\n([\s\S]*?)^\}/gm)];
  const names = new Set(models.map(([, name]) => name));
  return models.flatMap(([, name = '', body = '']): Column[] => {
    const table = /@@map\("(\w+)"\)/.exec(body)?.[1] ?? name;
    return body.split('\n').flatMap((line): Column[] => {
      const match = /^ {2}(\w+)\s+(\w+)(\?|\[\])?(.*)$/.exec(line);
      const [, field = '', type = '', modifier = '', attributes = ''] = match ?? [];
      if (match === null || names.has(type)) return [];
      const native = /@db\.\w+(\(\d+\))?/.exec(attributes)?.[0];
      const postgresType = POSTGRES_TYPES[native === undefined ? type : `${type} ${native}`];
      if (postgresType === undefined)
        throw new Error(`no Postgres type is known for ${type} ${native ?? ''} of ${name}.${field}`);
      return [
        {
          table,
          column: /@map\("(\w+)"\)/.exec(attributes)?.[1] ?? field,
          type: postgresType,
          nullable: modifier === '?',
        },
      ];
    });
  });
}
