import { type JobId, newId, uuidFromId, validateJob } from '@settle/contracts';
import { CHUNK_POINTS, readMetrics, submitJob } from '@settle/store';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStore, type TestStore } from '../../../../testing/test-store.ts';
import { TINY_JOB } from '../../../../testing/tiny-dataset.ts';
import { writeMetricChunk } from './metric-store.ts';
import { mergeBuckets, rollUp } from './roll-up.ts';

const points = fc.array(
  fc.oneof(
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  ),
  { minLength: 1, maxLength: 300 },
);

describe('roll-ups', () => {
  it('keep every point in one bucket, with the extremes and the mean of the finite ones', () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 50 }), (values, width, most) => {
        const steps = values.map((_, i) => i + 1);
        const merged = mergeBuckets(rollUp(steps, values, width), most);
        expect(merged.length).toBeLessThanOrEqual(most);
        expect(merged.reduce((sum, bucket) => sum + bucket.count, 0)).toBe(values.length);
        const finite = values.filter((value) => Number.isFinite(value));
        const kept = merged.filter((bucket) => Number.isFinite(bucket.mean));
        expect(Math.min(...kept.map((bucket) => bucket.minimum))).toBe(Math.min(...finite));
        expect(Math.max(...kept.map((bucket) => bucket.maximum))).toBe(Math.max(...finite));
        const sum = merged.reduce((total, bucket) => total + (bucket.finite > 0 ? bucket.mean * bucket.finite : 0), 0);
        const exact = finite.reduce((total, value) => total + value, 0);
        expect(Math.abs(sum - exact)).toBeLessThan(
          1e-9 * (1 + finite.reduce((total, value) => total + Math.abs(value), 0)),
        );
        for (const bucket of kept) {
          const slack = 1e-9 * Math.max(1, Math.abs(bucket.minimum), Math.abs(bucket.maximum));
          expect(bucket.mean).toBeGreaterThanOrEqual(bucket.minimum - slack);
          expect(bucket.mean).toBeLessThanOrEqual(bucket.maximum + slack);
        }
      }),
    );
  });
});

describe('metric series', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await startTestStore();
  });
  afterAll(() => store.close());

  const newJob = async (): Promise<{ id: JobId; uuid: string }> => {
    const validation = validateJob(TINY_JOB, 'unchecked');
    if (validation.kind === 'invalid') throw new Error('the tiny job is not valid');
    const id = (await submitJob(store.database, store.tenant, validation.spec)).id as JobId;
    return { id, uuid: uuidFromId('job', id) ?? '' };
  };
  const write = async (uuid: string, lease: number, firstStep: number, values: readonly number[]) => {
    const client = await store.database.pool.connect();
    try {
      for (let number = 0; number * CHUNK_POINTS < values.length; number++) {
        const slice = values.slice(number * CHUNK_POINTS, (number + 1) * CHUNK_POINTS);
        const steps = slice.map((_, i) => firstStep + number * CHUNK_POINTS + i);
        const chunk = { key: 'train/cost', number, steps, points: slice };
        await writeMetricChunk(client, uuid, lease, chunk);
        // A repeated write, as after a lost answer, must change nothing.
        await writeMetricChunk(client, uuid, lease, chunk);
      }
    } finally {
      client.release();
    }
  };
  const read = async (id: JobId, maxPoints: number) => {
    const keys = ['train/cost', 'diagnostics/of-another-job'];
    const answer = await readMetrics(store.database, store.tenant, id, { keys, maxPoints });
    const [only] = answer?.data ?? [];
    expect(answer?.available_keys).toEqual(['train/cost']);
    if (only === undefined) throw new Error('the series is missing');
    return only;
  };

  it.each([
    [10_000, 1, 2_345],
    [300, 10, 235],
    [30, 100, 24],
    [5, 100, 5],
  ])('answers 2,345 points with at most %i, from level %i', async (maxPoints, level, answered) => {
    const { id, uuid } = await newJob();
    await write(
      uuid,
      1,
      1,
      Array.from({ length: 2_345 }, (_, i) => Math.sin(i)),
    );
    const series = await read(id, maxPoints);
    expect(series).toMatchObject({ total_points: 2_345, level, nonfinite: 0 });
    expect(series.points).toHaveLength(answered);
    expect(series.points.reduce((sum, point) => sum + Number(point[4]), 0)).toBe(2_345);
  });

  it('counts points that are not finite and answers them as null', async () => {
    const { id, uuid } = await newJob();
    await write(uuid, 1, 1, [1, Number.NaN, Number.POSITIVE_INFINITY, 4]);
    const series = await read(id, 100);
    expect(series.nonfinite).toBe(2);
    expect(series.points.map((point) => point[1])).toEqual([1, null, null, 4]);
  });

  it.each([10_000, 100, 7])(
    'shows each step once after a resume, from the lease that counts (%i points)',
    async (maxPoints) => {
      const { id, uuid } = await newJob();
      await write(
        uuid,
        1,
        1,
        Array.from({ length: 1_500 }, () => 1),
      );
      await write(
        uuid,
        2,
        1_201,
        Array.from({ length: 900 }, () => 2),
      );
      await store.database.pool.query(
        `INSERT INTO attempt (job_id, lease, worker_id, kernels, resumed_from_step)
       VALUES ($1, 1, $2, 'wasm', 0), ($1, 2, $2, 'wasm', 1200)`,
        [uuid, uuidFromId('worker', newId('worker'))],
      );
      const series = await read(id, maxPoints);
      expect(series.total_points).toBe(2_100);
      const sum = series.points.reduce((total, point) => total + Number(point[1]) * Number(point[4]), 0);
      expect(sum).toBeCloseTo(1_200 + 2 * 900, 6);
    },
  );
});
