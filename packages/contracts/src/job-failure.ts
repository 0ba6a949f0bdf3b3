/** Why a job failed, as a closed list: the user's doing, the network's, or ours. docs/problems.md explains each. */
export const FAILURE_CODES = [
  /** A state or weight became NaN, infinite or hopelessly large; details say where. */
  'diverged',
  /** The data or settings cannot be trained, found only when the worker looked. */
  'job_not_runnable',
  /** The trainer needs more memory than the worker has. */
  'out_of_memory',
  /** The trainer thread ended with an error. */
  'trainer_crashed',
  /** The worker died or lost its lease too often without a new checkpoint in between. */
  'worker_lost',
  /** Results could not be stored. */
  'storage_unavailable',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];
