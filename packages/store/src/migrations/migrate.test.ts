import { appendFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScratchDatabase, type ScratchDatabase } from '../../../../testing/scratch-database.ts';
import { migrate, pendingMigrations } from './migrate.ts';

describe('migrate', () => {
  let scratch: ScratchDatabase;
  beforeEach(async () => {
    scratch = await createScratchDatabase();
  });
  afterEach(() => scratch.drop());

  it('applies every migration once, and nothing the second time', async () => {
    const first = await migrate(scratch.connectionString);
    expect(first.length).toBeGreaterThan(0);
    expect(await migrate(scratch.connectionString)).toEqual([]);
  });

  it('is safe from many processes at once', async () => {
    const applied = await Promise.all(Array.from({ length: 4 }, () => migrate(scratch.connectionString)));
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
  });

  it('says what is missing', async () => {
    const pool = new pg.Pool({ connectionString: scratch.connectionString });
    try {
      expect((await pendingMigrations(pool)).length).toBeGreaterThan(0);
      await migrate(scratch.connectionString);
      expect(await pendingMigrations(pool)).toEqual([]);
    } finally {
      await pool.end();
    }
  });

  it('stops when a migration that was applied has changed, and leaves nothing of one that fails', async () => {
    await migrate(scratch.connectionString);
    const folder = await mkdtemp(path.join(tmpdir(), 'settle migrations '));
    try {
      await cp(new URL('../../../../prisma/migrations/', import.meta.url), folder, { recursive: true });
      const url = pathToFileURL(`${folder}/`);
      const broken = path.join(folder, '99990101000000_broken');
      await cp(path.join(folder, '20261121120000_first'), broken, { recursive: true });
      await expect(migrate(scratch.connectionString, url)).rejects.toThrow(
        /99990101000000_broken failed.*already exists/,
      );
      await rm(broken, { recursive: true });
      expect(await migrate(scratch.connectionString, url)).toEqual([]);
      await appendFile(path.join(folder, '20261121120000_first', 'migration.sql'), '\n-- changed\n');
      await expect(migrate(scratch.connectionString, url)).rejects.toThrow(
        /20261121120000_first was applied with another content/,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
