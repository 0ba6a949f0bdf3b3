/**
 * How much a worker computes at a time: a job takes one slot a lane. A job that is delivered takes one at once, and the
 * rest when it is known how many lanes it asks for; fewer are free then only where another job came first.
 */
export interface Slots {
  /** One slot; undefined when none is free. */
  take(): HeldSlots | undefined;
  /** Jobs that there may be: those that hold slots, and one for each that is free. */
  jobs(): number;
}

export interface HeldSlots {
  /** Takes more, up to `wanted` in all or as many as are free; returns how many are held now, which is at least one. */
  grow(wanted: number): number;
  /** Idempotent. */
  release(): void;
}

/** `onChange` is called after whatever changes `jobs()`. */
export function slotsOf(total: number, onChange: (jobs: number) => void): Slots {
  let free = total;
  let holders = 0;
  const jobs = () => holders + free;
  return {
    jobs,
    take() {
      if (free === 0) return undefined;
      free--;
      holders++;
      let held = 1;
      return {
        grow(wanted) {
          const more = Math.min(Math.max(wanted - held, 0), free);
          // Released, it holds nothing and may not begin again.
          if (held === 0 || more === 0) return held;
          free -= more;
          held += more;
          onChange(jobs());
          return held;
        },
        release() {
          if (held === 0) return;
          free += held;
          held = 0;
          holders--;
          onChange(jobs());
        },
      };
    },
  };
}
