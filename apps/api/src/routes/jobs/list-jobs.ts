/** GET /v1/jobs: the project's jobs, newest first. */
import { JobList, Problem } from '@settle/contracts';
import { listJobs } from '@settle/store';
import Type from 'typebox';
import { callerOf } from '../../plugins/authentication.ts';
import { Refusal } from '../../plugins/problems.ts';
import type { RouteModule } from '../route-module.ts';

export const listJobsRoute: RouteModule = (app, { database }) => {
  app.get(
    '/v1/jobs',
    {
      schema: {
        operationId: 'listJobs',
        summary: 'List jobs, newest first',
        tags: ['jobs'],
        querystring: Type.Object(
          {
            limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
            after: Type.Optional(Type.String({ description: '`next_cursor` of the page before.' })),
          },
          { additionalProperties: false },
        ),
        response: { 200: JobList, 400: Problem, 401: Problem },
      },
    },
    async (request) => {
      const { limit, after } = request.query;
      const list = await listJobs(database, callerOf(request), { limit, after });
      if (list === undefined) {
        throw new Refusal('request_invalid', 'A query parameter is not valid.', {
          faults: [{ pointer: 'after', code: 'cursor', detail: 'is not a cursor that this list gave' }],
        });
      }
      return list;
    },
  );
};
