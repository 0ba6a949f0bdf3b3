/** GET /v1/jobs/{id}: a job, cheap to poll: `If-None-Match` with the last ETag answers 304 when nothing changed. */
import { Job, Problem } from '@settle/contracts';
import { getJob } from '@settle/store';
import Type from 'typebox';
import { callerOf } from '../../plugins/authentication.ts';
import { notFound } from '../../plugins/problems.ts';
import { NoBody, type RouteModule } from '../route-module.ts';
import { JobParams, jobIdOf } from './job-params.ts';

export const getJobRoute: RouteModule = (app, { database }) => {
  app.get(
    '/v1/jobs/:id',
    {
      schema: {
        operationId: 'getJob',
        summary: 'Read a job',
        tags: ['jobs'],
        params: JobParams,
        headers: Type.Object({
          'if-none-match': Type.Optional(Type.String({ description: 'The ETag of an earlier answer.' })),
        }),
        response: { 200: Job, 304: NoBody, 401: Problem, 404: Problem },
      },
    },
    async (request, reply) => {
      const job = await getJob(database, callerOf(request), jobIdOf(request.params.id));
      if (job === undefined) throw notFound('job');
      const etag = `"r${job.revision}"`;
      reply.header('etag', etag).header('cache-control', 'no-cache');
      if (request.headers['if-none-match'] === etag) return reply.code(304).send(undefined);
      return reply.send(job);
    },
  );
};
