/** Which store carries deliveries? Redis where one is named, otherwise the Postgres that is there anyway. */
export type QueueConfig =
  | { readonly kind: 'postgres'; readonly connectionString: string }
  | { readonly kind: 'redis'; readonly url: string };

/**
 * From QUEUE_URL and the database's connection string: `redis://` or `rediss://` means Redis, undefined means BullMQ on
 * that Postgres; anything else throws.
 */
export function queueConfig(queueUrl: string | undefined, databaseUrl: string): QueueConfig {
  if (queueUrl === undefined) return { kind: 'postgres', connectionString: databaseUrl };
  // The message must not repeat the address, which may hold a password.
  if (!URL.canParse(queueUrl)) throw new TypeError('QUEUE_URL is not a URL: leave it out, or name a Redis');
  const { protocol, hostname } = new URL(queueUrl);
  if (protocol !== 'redis:' && protocol !== 'rediss:') {
    throw new TypeError(`QUEUE_URL begins with ${protocol}//: leave it out, or name a redis:// or rediss:// server`);
  }
  if (hostname === '') throw new TypeError('QUEUE_URL names no host');
  return { kind: 'redis', url: queueUrl };
}
