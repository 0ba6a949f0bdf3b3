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
    description: 'Lanes at a time; one core each. Default: the number of cores.',
  }),
  // Read where the kernels are loaded, in every thread (packages/native/src/load-addon.ts).
  SETTLE_NATIVE: Type.Enum(['auto', 'off'], {
    default: 'auto',
    description: '`off` leaves native kernels alone, `auto` takes them where they were built.',
  }),
});
export type WorkerEnvironment = Static<typeof WorkerEnvironment>;

export const readWorkerEnvironment = (environment: NodeJS.ProcessEnv): WorkerEnvironment =>
  readEnvironment(WorkerEnvironment, environment);
