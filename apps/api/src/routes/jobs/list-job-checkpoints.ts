/** GET /v1/jobs/{id}/checkpoints, oldest first. */
import { CheckpointList, Problem } from '@settle/contracts';
import { listCheckpoints } from '@settle/store';
import { callerOf } from '../../plugins/authentication.ts';
import { notFound } from '../../plugins/problems.ts';
import type { RouteModule } from '../route-module.ts';
import { JobParams, jobIdOf } from './job-params.ts';

export const listJobCheckpointsRoute: RouteModule = (app, { database }) => {
  app.get(
    '/v1/jobs/:id/checkpoints',
    {
      schema: {
        operationId: 'listJobCheckpoints',
        summary: "List a job's checkpoints",
        tags: ['checkpoints'],
        params: JobParams,
        response: { 200: CheckpointList, 401: Problem, 404: Problem },
      },
    },
    async (request) => {
      const data = await listCheckpoints(database, callerOf(request), jobIdOf(request.params.id));
      if (data === undefined) throw notFound('job');
      return { data };
    },
  );
};
