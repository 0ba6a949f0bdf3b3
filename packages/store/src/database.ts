/**
 * One database, two ways in: Prisma for entities, `pg` for guarded moves, blobs and metrics (decision 0005).
 */
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/prisma/client.ts';

export interface Database {
  readonly prisma: PrismaClient;
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly connectionString: string;
  /** Both ways share one pool. */
  readonly maximumConnections?: number;
  /** Called when an idle connection breaks; queries report their own errors. */
  readonly onError: (error: Error) => void;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** A statement that hangs longer is ended by the server, so that nothing waits for ever on a lock. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** An answer that does not come is given up a little later, and its connection with it: a network may forget both. */
const QUERY_TIMEOUT_MS = 12_000;
/** Short, because connections that a network forgot while they were idle are found out one by one, each at that price. */
const IDLE_TIMEOUT_MS = 5_000;

export function openDatabase({ connectionString, maximumConnections = 10, onError }: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString,
    max: maximumConnections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    // A host that vanishes between two statements must not keep the dispatcher's lock, or a job's row, for hours.
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    keepAlive: true,
  });
  pool.on('error', onError);
  // The pool listens to idle connections only; one that breaks while it is lent out would end the process.
  pool.on('connect', (client) => client.on('error', onError));
  const prisma = new PrismaClient({
    adapter: new PrismaPg(pool, { onPoolError: onError, onConnectionError: onError }),
  });
  return {
    prisma,
    pool,
    async close() {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}

/** Runs `work` in one transaction on one connection; rolls back and rethrows when it throws. */
export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    await rollBack(client, error);
    throw error;
  }
}

/** A connection that gave no answer is not asked again: ending it rolls back as well. */
async function rollBack(client: pg.PoolClient, cause: unknown): Promise<void> {
  const answered =
    cause instanceof pg.DatabaseError || !(cause instanceof Error && /timeout|terminated|closed/i.test(cause.message));
  if (!answered) {
    client.release(true);
    return;
  }
  const failure = await client.query('ROLLBACK').then(
    () => undefined,
    (error: Error) => error,
  );
  client.release(failure);
}
