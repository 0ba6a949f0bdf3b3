/** Repeats a write to the store while the database is away, for as long as the lease may still be good. */
export type Stored<Value> =
  | { readonly kind: 'stored'; readonly value: Value }
  /** Given up: the lease is gone, or the store refused for too long. */
  | { readonly kind: 'abandoned'; readonly error: Error | undefined };

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
const GIVE_UP_MS = 60_000;

export async function storeWithRetry<Value>(
  write: () => Promise<Value>,
  options: { readonly abandoned: () => boolean; readonly onError: (error: unknown) => void },
): Promise<Stored<Value>> {
  const began = performance.now();
  let pauseMs = FIRST_PAUSE_MS;
  let latest: Error | undefined;
  while (!options.abandoned()) {
    try {
      return { kind: 'stored', value: await write() };
    } catch (error) {
      options.onError(error);
      latest = error instanceof Error ? error : new Error(String(error));
    }
    if (performance.now() - began > GIVE_UP_MS) break;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  }
  return { kind: 'abandoned', error: latest };
}
