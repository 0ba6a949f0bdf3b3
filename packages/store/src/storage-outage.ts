/** Is the database away, full or in recovery, rather than the request at fault? As far as its drivers tell. */

/** Of Node's sockets, of Postgres (class 08 connections, 25006 read-only, 53 resources, 57P shutdown), of Prisma. */
const OUTAGE_CODES =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|08\w{3}|25006|53\w{3}|57P0\d|57014|P1001|P1002|P1008|P1017|P2024)$/;
const OUTAGE_MESSAGES =
  /timeout exceeded when trying to connect|Query read timeout|Connection terminated|not queryable/;

export function isStorageOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && OUTAGE_CODES.test(error.code)) return true;
  return OUTAGE_MESSAGES.test(error.message) || isStorageOutage(error.cause);
}
