/** What the worker process reads from its environment. */
import { availableParallelism } from 'node:os';
import { readEnvironment, SHARED_ENVIRONMENT } from '@settle/contracts';
import Type, { type Static } from 'typebox';

const WorkerEnvironment = Type.Object({
  ...SHARED_ENVIRONMENT,
  SLOTS: Type.Integer({
    minimum: 1,
    maximum: 256,
    default: availableParallelism(),
    description: 'Jobs at a time; one core each. Default: the number of cores.',
  }),
});
export type WorkerEnvironment = Static<typeof WorkerEnvironment>;

export const readWorkerEnvironment = (environment: NodeJS.ProcessEnv): WorkerEnvironment =>
  readEnvironment(WorkerEnvironment, environment);
