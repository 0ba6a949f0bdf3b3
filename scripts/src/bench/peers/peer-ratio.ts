/** How many times as long does a peer take? From the best round of each, as interruptions only ever add time. */

/** One cell of one round. */
export interface PeerTiming {
  readonly workload: string;
  readonly batch: number;
  /** Name of our kernels, or of the peer. */
  readonly who: string;
  readonly isOurs: boolean;
  /** Median of a step. */
  readonly ms: number;
}

export interface PeerRatio {
  readonly workload: string;
  readonly batch: number;
  readonly kernels: string;
  readonly ourMs: number;
  readonly peer: string;
  readonly peerMs: number;
  readonly ratio: number;
}

/** Rows of our bench or of the peer's, both with `workload`, `batch` and `msPerStep`. Throws TypeError on anything else. */
export function timingsIn(rows: unknown): readonly PeerTiming[] {
  if (!Array.isArray(rows)) throw new TypeError('a bench prints an array');
  return rows.map((row: unknown): PeerTiming => {
    const field = (name: string): unknown => Object.getOwnPropertyDescriptor(Object(row), name)?.value;
    const workload = field('workload');
    const batch = field('batch');
    const ms = field('msPerStep');
    const kernels = field('kernels');
    const who = kernels ?? field('implementation');
    if (
      typeof workload !== 'string' ||
      typeof batch !== 'number' ||
      typeof ms !== 'number' ||
      typeof who !== 'string'
    ) {
      throw new TypeError(`not a row of a bench: ${JSON.stringify(row)}`);
    }
    return { workload, batch, who, isOurs: kernels !== undefined, ms };
  });
}

/** Every set of ours by every peer, of the same workload and batch. */
export function peerRatios(timings: readonly PeerTiming[]): readonly PeerRatio[] {
  const best = new Map<string, PeerTiming>();
  for (const timing of timings) {
    const key = JSON.stringify([timing.workload, timing.batch, timing.isOurs, timing.who]);
    const before = best.get(key);
    if (before === undefined || timing.ms < before.ms) best.set(key, timing);
  }
  const cells = [...best.values()];
  return cells
    .filter(({ isOurs }) => isOurs)
    .flatMap((ours) =>
      cells
        .filter((peer) => !peer.isOurs && peer.workload === ours.workload && peer.batch === ours.batch)
        .map((peer) => ({
          workload: ours.workload,
          batch: ours.batch,
          kernels: ours.who,
          ourMs: ours.ms,
          peer: peer.who,
          peerMs: peer.ms,
          ratio: Number((peer.ms / ours.ms).toPrecision(4)),
        })),
    );
}
