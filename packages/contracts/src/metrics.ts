/** Metric series as the API answers them: one point per batch at most, reduced on the server to what a chart can show. */
import Type, { type Static } from 'typebox';

/** Series that every training writes where it has them, and that are answered unless others are asked for. */
export const METRIC_KEYS = [
  'train/cost',
  'settle/free-residual',
  'settle/nudged-residual',
  'settle/free-steps',
  'settle/nudged-steps',
  'epoch/train-cost',
  'epoch/train-accuracy',
  'epoch/test-cost',
  'epoch/test-accuracy',
  'epoch/validation-cost',
  'epoch/validation-accuracy',
] as const;

/** Also one a class, and one for each quantity that diagnostics measure. */
export type MetricKey = (typeof METRIC_KEYS)[number] | `epoch/recall/${number}` | `diagnostics/${string}`;

/** What the keys of all series look like: for checking one from outside. */
export const METRIC_KEY_PATTERN = '[a-z0-9][a-z0-9/._-]{0,127}';

/** [step, mean, min, max, points]; mean, min and max are null where no point of the bucket is finite. */
const MetricPoint = Type.Array(Type.Union([Type.Number(), Type.Null()]), { minItems: 5, maxItems: 5 });

export const MetricSeries = Type.Object(
  {
    key: Type.String(),
    total_points: Type.Integer(),
    level: Type.Integer({
      description: 'Points that one answered point stands for: 1, 10 or 100, or more where merged.',
    }),
    columns: Type.Array(Type.String()),
    points: Type.Array(MetricPoint),
    nonfinite: Type.Integer({ description: 'Points that are NaN or infinite.' }),
  },
  { $id: 'MetricSeries' },
);
export type MetricSeries = Static<typeof MetricSeries>;

export const MetricSeriesList = Type.Object(
  {
    data: Type.Array(MetricSeries),
    available_keys: Type.Array(Type.String(), { description: 'Of all series that the job has.' }),
  },
  { $id: 'MetricSeriesList' },
);
export type MetricSeriesList = Static<typeof MetricSeriesList>;
