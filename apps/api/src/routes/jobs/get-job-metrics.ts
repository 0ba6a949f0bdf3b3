/** GET /v1/jobs/{id}/metrics: series reduced on the server to what a chart can show. */
import { METRIC_KEYS, MetricSeriesList, Problem } from '@settle/contracts';
import { readMetrics } from '@settle/store';
import Type from 'typebox';
import { callerOf } from '../../plugins/authentication.ts';
import { notFound } from '../../plugins/problems.ts';
import type { RouteModule } from '../route-module.ts';
import { JobParams, jobIdOf } from './job-params.ts';

export const getJobMetricsRoute: RouteModule = (app, { database }) => {
  app.get(
    '/v1/jobs/:id/metrics',
    {
      schema: {
        operationId: 'getJobMetrics',
        summary: 'Read metric series',
        tags: ['jobs'],
        params: JobParams,
        querystring: Type.Object(
          {
            keys: Type.Optional(
              Type.String({
                maxLength: 1_000,
                description: `Comma-separated; all when absent: ${METRIC_KEYS.join(', ')}.`,
              }),
            ),
            max_points: Type.Integer({ minimum: 1, maximum: 10_000, default: 500, description: 'Per series.' }),
          },
          { additionalProperties: false },
        ),
        response: { 200: MetricSeriesList, 400: Problem, 401: Problem, 404: Problem },
      },
    },
    async (request) => {
      const { keys, max_points: maxPoints } = request.query;
      const data = await readMetrics(database, callerOf(request), jobIdOf(request.params.id), {
        keys: keys?.split(','),
        maxPoints,
      });
      if (data === undefined) throw notFound('job');
      return { data };
    },
  );
};
