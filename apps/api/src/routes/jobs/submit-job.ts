/** POST /v1/jobs takes a training job and queues it; it answers before training starts. */
import { datasetNameOf, Job, Problem, RECIPES, submissionSchema, validateJob } from '@settle/contracts';
import { findDataset, submitJob } from '@settle/store';
import Type from 'typebox';
import { callerOf } from '../../plugins/authentication.ts';
import { Refusal } from '../../plugins/problems.ts';
import type { RouteModule } from '../route-module.ts';

export const submitJobRoute: RouteModule = (app, { database, dispatcher }) => {
  app.post(
    '/v1/jobs',
    {
      schema: {
        operationId: 'submitJob',
        summary: 'Submit a training job',
        tags: ['jobs'],
        body: Type.Unsafe<unknown>(Type.Union(Object.values(RECIPES).map(({ schema }) => submissionSchema(schema)))),
        response: { 202: Job, 400: Problem, 401: Problem, 413: Problem, 415: Problem, 422: Problem },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const datasetName = datasetNameOf(request.body);
      const dataset = datasetName === undefined ? undefined : await findDataset(database, caller, datasetName);
      const validation = validateJob(request.body, dataset);
      if (validation.kind === 'invalid') {
        throw new Refusal('body_invalid', 'The job is not valid; nothing was stored.', { faults: validation.faults });
      }
      const job = await submitJob(database, caller, validation.spec);
      dispatcher.wake();
      return reply.code(202).header('location', `/v1/jobs/${job.id}`).send(job);
    },
  );
};
