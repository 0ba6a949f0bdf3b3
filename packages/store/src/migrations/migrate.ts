/**
 * Applies prisma/migrations in order, once each, and keeps the same records as Prisma's own command, which needs a
 * downloaded engine that may not be there (decision 0004).
 *
 * One process migrates at a time; a migration that is already applied but whose file has changed stops everything.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';

const MIGRATIONS_FOLDER = new URL('../../../../prisma/migrations/', import.meta.url);
const LOCK_KEY = 7_305_831;

const CREATE_RECORDS = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id varchar(36) PRIMARY KEY,
    checksum varchar(64) NOT NULL,
    finished_at timestamptz,
    migration_name varchar(255) NOT NULL,
    logs text,
    rolled_back_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(),
    applied_steps_count integer NOT NULL DEFAULT 0
  )`;

/** Returns the names of the migrations that were applied now. Throws Error with the reason when it cannot go on. */
export async function migrate(connectionString: string, folder: URL = MIGRATIONS_FOLDER): Promise<string[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK_KEY]);
    await client.query(CREATE_RECORDS);
    const recorded = await client.query<{ migration_name: string; checksum: string; finished_at: Date | null }>(
      'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
    );
    const known = new Map(recorded.rows.map((row) => [row.migration_name, row]));
    const applied: string[] = [];
    for (const { name, sql, checksum } of await readMigrations(folder)) {
      const record = known.get(name);
      if (record === undefined) {
        await apply(client, name, sql, checksum);
        applied.push(name);
      } else if (record.checksum !== checksum) {
        throw new Error(`migration ${name} was applied with another content than prisma/migrations has now`);
      } else if (record.finished_at === null) {
        throw new Error(`migration ${name} was begun and never finished; mend the database, then its record`);
      }
    }
    return applied;
  } finally {
    await client.end();
  }
}

/** Names of the migrations that the database lacks; empty when it is up to date. */
export async function pendingMigrations(pool: pg.Pool, folder: URL = MIGRATIONS_FOLDER): Promise<string[]> {
  const names = (await readMigrations(folder)).map(({ name }) => name);
  const table = await pool.query<{ found: string | null }>("SELECT to_regclass('_prisma_migrations')::text AS found");
  if (table.rows[0]?.found === null) return names;
  const done = await pool.query<{ migration_name: string }>(
    'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
  );
  const finished = new Set(done.rows.map((row) => row.migration_name));
  return names.filter((name) => !finished.has(name));
}

async function readMigrations(folder: URL) {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(new URL(`${name}/migration.sql`, folder), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** File and record in one transaction: DDL rolls back in Postgres, so a failed migration leaves nothing. */
async function apply(client: pg.Client, name: string, sql: string, checksum: string): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new Error(`migration ${name} failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
