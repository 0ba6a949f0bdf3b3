/** The job as the API shows it. */
import Type, { type Static } from 'typebox';
import { FAILURE_CODES } from './job-failure.ts';
import { JOB_STATES } from './job-lifecycle.ts';

const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);
const Time = Type.String({ description: 'RFC 3339, UTC.' });

/** Where training stands; the latest only, overwritten twice a second. */
export const JobProgress = Type.Object(
  {
    fraction: Type.Number({ minimum: 0, maximum: 1 }),
    epoch: Type.Integer({ description: 'Epochs done.' }),
    epochs: Type.Integer(),
    step: Type.Integer({ description: 'Batches done.' }),
    steps: Type.Integer(),
    images_per_second: Type.Number(),
    eta_seconds: nullable(Type.Number()),
    free_residual: nullable(Type.Number({ description: 'Of the latest batch; null when it is not finite.' })),
    train_cost: nullable(Type.Number()),
    test_accuracy: nullable(Type.Number({ description: 'After the latest whole epoch.' })),
  },
  { $id: 'JobProgress' },
);
export type JobProgress = Static<typeof JobProgress>;

/** The epoch with the best accuracy on samples held out of training; the test data have no say in it. */
export const BestEpoch = Type.Object({
  epoch: Type.Integer(),
  validation_accuracy: Type.Number(),
  test_accuracy: Type.Number(),
  checkpoint_id: nullable(Type.String({ description: 'Null when it could not be found again after a restart.' })),
});

/** What came out, of jobs that succeeded: after the last epoch, and which epoch was best. */
export const JobResult = Type.Object(
  {
    test_accuracy: Type.Number(),
    test_cost: Type.Number(),
    train_accuracy: Type.Number(),
    train_cost: Type.Number(),
    validation_accuracy: nullable(Type.Number({ description: 'Null without validation samples.' })),
    validation_cost: nullable(Type.Number()),
    free_residual: Type.Number(),
    nudged_residual: Type.Number(),
    free_steps: Type.Number({ description: 'Mean over the batches of the last epoch.' }),
    nudged_steps: Type.Number(),
    epochs: Type.Integer({ description: 'Epochs done; fewer than asked for where training ended early.' }),
    ended_early: Type.Boolean({ description: 'Whether validation no longer improved.' }),
    best: nullable(BestEpoch),
    train_seconds: Type.Number({ description: 'Computing time of all attempts, evaluation included.' }),
    images_per_second: Type.Number({ description: 'Training images over train_seconds.' }),
    kernels: Type.String({
      description:
        'The kernel set that computed it, with its instructions and with its lanes where there were several: ' +
        '`reference`, `wasm`, `native avx512`, `native avx512, 2 lanes`.',
    }),
    checkpoint_id: Type.String(),
    checkpoint_sha256: Type.String(),
  },
  { $id: 'JobResult' },
);
export type JobResult = Static<typeof JobResult>;

export const JobFailure = Type.Object(
  {
    code: Type.Enum([...FAILURE_CODES]),
    message: Type.String(),
    details: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Null()])),
  },
  { $id: 'JobFailure' },
);
export type JobFailure = Static<typeof JobFailure>;

export const Job = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal('job'),
    name: nullable(Type.String()),
    recipe: Type.String(),
    status: Type.Enum([...JOB_STATES], { description: 'More may come; look at is_terminal.' }),
    status_reason: nullable(Type.String()),
    is_terminal: Type.Boolean(),
    attempt: Type.Integer({ description: 'Number of the latest lease: how often the job was dispatched.' }),
    revision: Type.Integer({ description: 'Grows with every change of the job.' }),
    created_at: Time,
    started_at: nullable(Time),
    finished_at: nullable(Time),
    spec: Type.Unknown({ description: 'The submitted body with every default filled in.' }),
    progress: nullable(JobProgress),
    result: nullable(JobResult),
    failure: nullable(JobFailure),
    poll_after_ms: nullable(Type.Integer({ description: 'When a poll is likely to show news; null when terminal.' })),
  },
  { $id: 'Job' },
);
export type Job = Static<typeof Job>;

export const JobList = Type.Object(
  { data: Type.Array(Job), next_cursor: nullable(Type.String()), has_more: Type.Boolean() },
  { $id: 'JobList' },
);
export type JobList = Static<typeof JobList>;
