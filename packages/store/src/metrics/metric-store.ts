/**
 * Metric series in chunks of up to 1,000 points with their roll-ups beside them.
 *
 * A writer keeps its open chunk and writes it whole each time, so that a write may be repeated. After a resume, points
 * of older leases beyond the step it went on from are superseded: they stay stored and are left out of answers.
 */
import type { JobId, MetricSeries, MetricSeriesList } from '@settle/contracts';
import type pg from 'pg';
import type { Database } from '../database.ts';
import type { Tenant } from '../tenants/api-keys.ts';
import { uuidOf } from '../uuid-of.ts';
import { type Bucket, mergeBuckets, rollUp } from './roll-up.ts';

export const CHUNK_POINTS = 1_000;
const LEVELS = [1, 10, 100] as const;
type Level = (typeof LEVELS)[number];

export interface MetricChunk {
  readonly key: string;
  /** Counts from 0 in each series and lease. */
  readonly number: number;
  readonly steps: readonly number[];
  readonly points: readonly number[];
}

/** Writes or overwrites a chunk; the caller's transaction holds the lease. */
export async function writeMetricChunk(
  client: pg.ClientBase,
  jobUuid: string,
  lease: number,
  { key, number, steps, points }: MetricChunk,
): Promise<void> {
  const tens = rollUp(steps, points, 10);
  const hundreds = rollUp(steps, points, 100);
  await client.query(
    `INSERT INTO metric_chunk (job_id, key, lease, number, point_count, nonfinite_count, last_step, steps, points,
       steps_10, mean_10, min_10, max_10, steps_100, mean_100, min_100, max_100)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
     ON CONFLICT (job_id, key, lease, number) DO UPDATE SET
       point_count = excluded.point_count, nonfinite_count = excluded.nonfinite_count, last_step = excluded.last_step,
       steps = excluded.steps, points = excluded.points,
       steps_10 = excluded.steps_10, mean_10 = excluded.mean_10, min_10 = excluded.min_10, max_10 = excluded.max_10,
       steps_100 = excluded.steps_100, mean_100 = excluded.mean_100, min_100 = excluded.min_100,
       max_100 = excluded.max_100`,
    [
      jobUuid,
      key,
      lease,
      number,
      points.length,
      points.filter((point) => !Number.isFinite(point)).length,
      steps.at(-1) ?? 0,
      steps,
      points,
      ...columnsOf(tens),
      ...columnsOf(hundreds),
    ],
  );
}

function columnsOf(buckets: readonly Bucket[]): number[][] {
  return [
    buckets.map((bucket) => bucket.step),
    buckets.map((bucket) => bucket.mean),
    buckets.map((bucket) => bucket.minimum),
    buckets.map((bucket) => bucket.maximum),
  ];
}

export interface MetricQuery {
  readonly keys: readonly string[];
  /** At most so many points per series. */
  readonly maxPoints: number;
}

interface ChunkRow {
  readonly lease: number;
  readonly number: number;
  readonly point_count: number;
  readonly nonfinite_count: number;
  readonly last_step: number;
  readonly steps: number[];
  readonly mean: number[];
  readonly minimum: number[];
  readonly maximum: number[];
}

/** The series that were asked for and that the job has, reduced on the server; undefined when the project has no such job. */
export async function readMetrics(
  { pool }: Database,
  tenant: Tenant,
  jobId: JobId,
  { keys, maxPoints }: MetricQuery,
): Promise<MetricSeriesList | undefined> {
  const jobUuid = uuidOf('job', jobId);
  const job = await pool.query('SELECT 1 FROM job WHERE id = $1 AND project_id = $2', [
    jobUuid,
    uuidOf('project', tenant.projectId),
  ]);
  if (job.rowCount === 0) return undefined;
  const { rows: stored } = await pool.query<{ key: string }>(
    'SELECT DISTINCT key FROM metric_chunk WHERE job_id = $1 ORDER BY key',
    [jobUuid],
  );
  const superseded = await supersededAfter(pool, jobUuid);
  const series: MetricSeries[] = [];
  for (const { key } of stored) {
    if (keys.includes(key)) series.push(await readSeries(pool, jobUuid, key, superseded, maxPoints));
  }
  return { data: series, available_keys: stored.map(({ key }) => key) };
}

/** Per lease, the last step of it that still counts: the smallest step from which a later lease went on. */
async function supersededAfter(pool: pg.Pool, jobUuid: string): Promise<(lease: number) => number> {
  const { rows } = await pool.query<{ lease: number; resumed_from_step: number }>(
    'SELECT lease, resumed_from_step FROM attempt WHERE job_id = $1',
    [jobUuid],
  );
  return (lease) =>
    Math.min(Number.POSITIVE_INFINITY, ...rows.filter((row) => row.lease > lease).map((row) => row.resumed_from_step));
}

async function readSeries(
  pool: pg.Pool,
  jobUuid: string,
  key: string,
  supersededAfterOf: (lease: number) => number,
  maxPoints: number,
): Promise<MetricSeries> {
  const { rows: counts } = await pool.query<{ points: number }>(
    'SELECT sum(point_count)::integer AS points FROM metric_chunk WHERE job_id = $1 AND key = $2',
    [jobUuid, key],
  );
  const level = levelFor(counts[0]?.points ?? 0, maxPoints);
  const buckets: Bucket[] = [];
  let total = 0;
  let nonfinite = 0;
  for (const chunk of await readChunks(pool, jobUuid, key, level)) {
    const last = supersededAfterOf(chunk.lease);
    if (chunk.last_step <= last && chunk.nonfinite_count === 0) {
      buckets.push(...bucketsOf(chunk, level));
      total += chunk.point_count;
      nonfinite += chunk.nonfinite_count;
      continue;
    }
    // Where a later lease took over, or where points are not finite, roll-ups do not tell enough: the points are read.
    const [raw] = await readChunks(pool, jobUuid, key, 1, chunk);
    const kept = raw === undefined ? [] : bucketsOf(raw, 1).filter((point) => point.step <= last);
    const steps = kept.map((point) => point.step);
    const values = kept.map((point) => point.mean);
    buckets.push(...rollUp(steps, values, level));
    total += kept.length;
    nonfinite += values.filter((value) => !Number.isFinite(value)).length;
  }
  return {
    key,
    total_points: total,
    level,
    columns: ['step', 'mean', 'min', 'max', 'points'],
    points: mergeBuckets(buckets, maxPoints).map((bucket) => [
      bucket.step,
      finiteOrNull(bucket.mean),
      finiteOrNull(bucket.minimum),
      finiteOrNull(bucket.maximum),
      bucket.count,
    ]),
    nonfinite,
  };
}

function levelFor(points: number, maxPoints: number): Level {
  return LEVELS.find((level) => points / level <= maxPoints) ?? 100;
}

const LEVEL_COLUMNS = {
  1: 'steps, points AS mean, points AS minimum, points AS maximum',
  10: 'steps_10 AS steps, mean_10 AS mean, min_10 AS minimum, max_10 AS maximum',
  100: 'steps_100 AS steps, mean_100 AS mean, min_100 AS minimum, max_100 AS maximum',
} as const satisfies Record<Level, string>;

/** All chunks of a series at one level, or a single one of them. */
async function readChunks(
  pool: pg.Pool,
  jobUuid: string,
  key: string,
  level: Level,
  only?: Pick<ChunkRow, 'lease' | 'number'>,
): Promise<ChunkRow[]> {
  const { rows } = await pool.query<ChunkRow>(
    `SELECT lease, number, point_count, nonfinite_count, last_step, ${LEVEL_COLUMNS[level]} FROM metric_chunk
     WHERE job_id = $1 AND key = $2 AND ($3::integer IS NULL OR (lease = $3 AND number = $4))
     ORDER BY lease, number`,
    [jobUuid, key, only?.lease ?? null, only?.number ?? null],
  );
  return rows;
}

function bucketsOf(chunk: ChunkRow, level: Level): Bucket[] {
  return chunk.steps.map((step, i) => ({
    step,
    mean: chunk.mean[i] ?? Number.NaN,
    minimum: chunk.minimum[i] ?? Number.NaN,
    maximum: chunk.maximum[i] ?? Number.NaN,
    count: Math.min(level, chunk.point_count - i * level),
    finite: Math.min(level, chunk.point_count - i * level),
  }));
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
