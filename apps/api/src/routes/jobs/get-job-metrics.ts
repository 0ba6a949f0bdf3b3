/** GET /v1/jobs/{id}/metrics: series reduced on the server to what a chart can show. */
import { METRIC_KEY_PATTERN, METRIC_KEYS, MetricSeriesList, Problem } from '@settle/contracts';
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
                maxLength: 8_000,
                pattern: `^${METRIC_KEY_PATTERN}(,${METRIC_KEY_PATTERN})*$`,
                description:
                  `Comma-separated, any of available_keys; when absent those of ${METRIC_KEYS.join(', ')} that the ` +
                  'job has.',
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
      const answer = await readMetrics(database, callerOf(request), jobIdOf(request.params.id), {
        keys: keys?.split(',') ?? METRIC_KEYS,
        maxPoints,
      });
      if (answer === undefined) throw notFound('job');
      return answer;
    },
  );
};
