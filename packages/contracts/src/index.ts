/** Everything that crosses a process border. */
export * from './checkpoints.ts';
export * from './datasets.ts';
export { readEnvironment, SHARED_ENVIRONMENT } from './environment.ts';
export { faultsOf, pointerTo } from './faults.ts';
export * from './ids.ts';
export * from './job-events.ts';
export * from './job-failure.ts';
export * from './job-lifecycle.ts';
export { type DatasetShape, datasetNameOf, type JobValidation, validateJob } from './job-validation.ts';
export * from './jobs.ts';
export * from './metrics.ts';
export * from './problem.ts';
export * from './recipes.ts';
export { REDACTED_LOG_PATHS } from './redaction.ts';
export { submissionSchema } from './submission-schema.ts';
