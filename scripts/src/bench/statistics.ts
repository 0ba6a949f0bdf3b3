/** Order statistics of a measurement. */

/** The value below which a fraction of the others lies, between two neighbours in proportion. Throws RangeError on none. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = fraction * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new RangeError('no values to take a quantile of');
  return below + (place - Math.floor(place)) * (above - below);
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
