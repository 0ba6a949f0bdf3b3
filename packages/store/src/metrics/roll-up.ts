/** Reduces runs of metric points to mean, minimum and maximum. Points that are not finite are counted and left out. */
export interface Bucket {
  /** Step of the first point. */
  readonly step: number;
  /** NaN where no point is finite, as are minimum and maximum. */
  readonly mean: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly count: number;
  /** Points of it that are finite. */
  readonly finite: number;
}

/** One bucket per `width` points, the last one shorter. */
export function rollUp(steps: readonly number[], points: readonly number[], width: number): Bucket[] {
  const buckets: Bucket[] = [];
  for (let first = 0; first < points.length; first += width) {
    const slice = points.slice(first, first + width);
    buckets.push({ step: steps[first] ?? 0, count: slice.length, ...summary(slice) });
  }
  return buckets;
}

function summary(points: readonly number[]): Pick<Bucket, 'finite' | 'mean' | 'minimum' | 'maximum'> {
  let finite = 0;
  let sum = 0;
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  for (const point of points) {
    if (!Number.isFinite(point)) continue;
    finite++;
    sum += point;
    minimum = Math.min(minimum, point);
    maximum = Math.max(maximum, point);
  }
  if (finite === 0) return { finite, mean: Number.NaN, minimum: Number.NaN, maximum: Number.NaN };
  return { finite, mean: sum / finite, minimum, maximum };
}

/** Joins neighbouring buckets until at most `most` are left. */
export function mergeBuckets(buckets: readonly Bucket[], most: number): Bucket[] {
  if (buckets.length <= most) return [...buckets];
  const width = Math.ceil(buckets.length / most);
  const merged: Bucket[] = [];
  for (let first = 0; first < buckets.length; first += width) {
    merged.push(join(buckets.slice(first, first + width)));
  }
  return merged;
}

function join(buckets: readonly Bucket[]): Bucket {
  const finite = buckets.filter((bucket) => bucket.finite > 0);
  const weight = finite.reduce((sum, bucket) => sum + bucket.finite, 0);
  return {
    step: buckets[0]?.step ?? 0,
    count: buckets.reduce((sum, bucket) => sum + bucket.count, 0),
    finite: weight,
    mean: weight === 0 ? Number.NaN : finite.reduce((sum, bucket) => sum + bucket.mean * bucket.finite, 0) / weight,
    minimum: weight === 0 ? Number.NaN : Math.min(...finite.map((bucket) => bucket.minimum)),
    maximum: weight === 0 ? Number.NaN : Math.max(...finite.map((bucket) => bucket.maximum)),
  };
}
