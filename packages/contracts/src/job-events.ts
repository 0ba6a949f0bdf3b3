/**
 * What happens to a job, in order. Events are numbered from 1 without gaps and kept; progress is not an event but the
 * latest state, sent between events and never replayed.
 */
import Type, { type Static } from 'typebox';
import { JOB_STATES } from './job-lifecycle.ts';
import { JobFailure, JobProgress, JobResult } from './jobs.ts';

const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

export const StatusEventData = Type.Object({
  status: Type.Enum([...JOB_STATES]),
  reason: nullable(Type.String()),
  is_terminal: Type.Boolean(),
  attempt: Type.Integer(),
  result: nullable(JobResult),
  failure: nullable(JobFailure),
});

export const EpochEventData = Type.Object({
  epoch: Type.Integer(),
  epochs: Type.Integer(),
  step: Type.Integer(),
  test_accuracy: Type.Number(),
  test_cost: Type.Number(),
  train_accuracy: Type.Number(),
  train_cost: Type.Number(),
  validation_accuracy: nullable(Type.Number({ description: 'Null without validation samples.' })),
  validation_cost: nullable(Type.Number()),
  free_residual: Type.Number({ description: 'Means over the batches of the epoch, as those that follow.' }),
  nudged_residual: Type.Number(),
  free_steps: Type.Number(),
  nudged_steps: Type.Number(),
  recall: Type.Array(nullable(Type.Number()), {
    description: 'By class, the share of its test samples that were recognized; null for a class without any.',
  }),
  diagnostics: Type.Record(Type.String(), nullable(Type.Number()), {
    description: 'What was measured after this epoch, by name; empty where nothing was.',
  }),
});

export const CheckpointEventData = Type.Object({
  checkpoint_id: Type.String(),
  epoch: Type.Integer(),
  step: Type.Integer(),
  size_bytes: Type.Integer(),
  sha256: Type.String(),
});

const numbered = <Name extends string, Data extends Type.TSchema>(type: Name, data: Data) =>
  Type.Object({ id: Type.Integer(), type: Type.Literal(type), job: Type.String(), at: Type.String(), data });

export const JobEvent = Type.Union(
  [
    numbered('job.status', StatusEventData),
    numbered('job.epoch', EpochEventData),
    numbered('job.checkpoint', CheckpointEventData),
  ],
  { $id: 'JobEvent' },
);
export type JobEvent = Static<typeof JobEvent>;

/** An event before the store has numbered it. */
export type NewJobEvent =
  | { readonly type: 'job.status'; readonly data: Static<typeof StatusEventData> }
  | { readonly type: 'job.epoch'; readonly data: Static<typeof EpochEventData> }
  | { readonly type: 'job.checkpoint'; readonly data: Static<typeof CheckpointEventData> };

/** The answer of a long poll: new events, where to go on, and the latest progress. */
export const JobEventList = Type.Object(
  {
    data: Type.Array(JobEvent),
    last_event_id: Type.Integer({ description: 'Pass as `after` in the next poll.' }),
    is_terminal: Type.Boolean({ description: 'True when no further events will come.' }),
    progress: nullable(JobProgress),
  },
  { $id: 'JobEventList' },
);
export type JobEventList = Static<typeof JobEventList>;
