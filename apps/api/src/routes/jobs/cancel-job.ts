/** POST /v1/jobs/{id}/cancel stops a job, wherever it is. Asking again is no error until the job has finished. */
import { Job, Problem } from '@settle/contracts';
import { requestCancel } from '@settle/store';
import { callerOf } from '../../plugins/authentication.ts';
import { notFound, Refusal } from '../../plugins/problems.ts';
import type { RouteModule } from '../route-module.ts';
import { JobParams, jobIdOf } from './job-params.ts';

export const cancelJobRoute: RouteModule = (app, { database }) => {
  app.post(
    '/v1/jobs/:id/cancel',
    {
      schema: {
        operationId: 'cancelJob',
        summary: 'Cancel a job',
        tags: ['jobs'],
        params: JobParams,
        response: { 202: Job, 401: Problem, 404: Problem, 409: Problem },
      },
    },
    async (request, reply) => {
      const outcome = await requestCancel(database, callerOf(request), jobIdOf(request.params.id));
      switch (outcome.kind) {
        case 'accepted':
          return reply.code(202).send(outcome.job);
        case 'already-finished':
          throw new Refusal('job_already_finished', `The job is ${outcome.job.status}.`);
        case 'not-found':
          throw notFound('job');
        default:
          outcome satisfies never;
          throw new Error('unreachable outcome');
      }
    },
  );
};
