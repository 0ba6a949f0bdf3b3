/** How long may an answer take? A caller who waits for a queue that is away must be told, not left hanging. */
export function withDeadline<T>(work: Promise<T>, deadlineMs: number, message: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(message)), deadlineMs);
    // The work goes on after the deadline; its late outcome is of no interest and must not go unhandled.
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
