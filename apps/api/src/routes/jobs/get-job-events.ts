/**
 * GET /v1/jobs/{id}/events: with `Accept: text/event-stream` a stream that follows the job and can be resumed by
 * `Last-Event-ID`; otherwise the same events as JSON, waiting up to `wait` seconds for one.
 */
import { Readable } from 'node:stream';
import { JobEventList, Problem } from '@settle/contracts';
import { readJobFeed } from '@settle/store';
import Type from 'typebox';
import { type EventStreamOptions, eventStream, longPoll } from '../../events/event-stream.ts';
import { callerOf } from '../../plugins/authentication.ts';
import { notFound, Refusal } from '../../plugins/problems.ts';
import { NoBody, type RouteModule } from '../route-module.ts';
import { JobParams, jobIdOf } from './job-params.ts';

const EventsOrStream = Type.Unsafe<JobEventList | Readable>(JobEventList);

const MAXIMUM_EVENT_NUMBER = 2_147_483_647;

export const getJobEventsRoute: RouteModule = (app, { database, watcher }) => {
  app.get(
    '/v1/jobs/:id/events',
    {
      schema: {
        operationId: 'getJobEvents',
        summary: 'Follow a job',
        tags: ['jobs'],
        params: JobParams,
        headers: Type.Object({
          'last-event-id': Type.Optional(Type.String({ description: 'Number of the last event that was seen.' })),
        }),
        querystring: Type.Object(
          {
            after: Type.Integer({ minimum: 0, maximum: MAXIMUM_EVENT_NUMBER, default: 0 }),
            wait: Type.Integer({ minimum: 0, maximum: 30, default: 0, description: 'Seconds; JSON only.' }),
          },
          { additionalProperties: false },
        ),
        response: { 200: EventsOrStream, 204: NoBody, 400: Problem, 401: Problem, 404: Problem },
      },
    },
    async (request, reply) => {
      const closed = new AbortController();
      // Of the response, not of the socket: a client that keeps its connection would pile up listeners on it.
      reply.raw.once('close', () => closed.abort());
      const options: EventStreamOptions = {
        database,
        watcher,
        tenant: callerOf(request),
        jobId: jobIdOf(request.params.id),
        after: lastEventId(request.headers['last-event-id']) ?? request.query.after,
        signal: closed.signal,
      };
      if (!request.headers.accept?.includes('text/event-stream')) {
        const list = await longPoll(options, request.query.wait * 1_000);
        if (list === undefined) throw notFound('job');
        return reply.send(list);
      }
      const feed = await readJobFeed(database, options.tenant, options.jobId, options.after);
      if (feed === undefined) throw notFound('job');
      // 204 is how a server tells an EventSource that has everything not to come back.
      if (feed.is_terminal && feed.data.length === 0) return reply.code(204).send(undefined);
      return reply
        .type('text/event-stream')
        .header('cache-control', 'no-store, no-transform')
        .header('x-accel-buffering', 'no')
        .send(Readable.from(eventStream(options)));
    },
  );
};

function lastEventId(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  const number = typeof header === 'string' && /^\d{1,10}$/.test(header) ? Number(header) : Number.NaN;
  if (number <= MAXIMUM_EVENT_NUMBER) return number;
  throw new Refusal('request_invalid', 'Last-Event-ID is not valid.', {
    faults: [{ pointer: 'last-event-id', code: 'type', detail: 'must be the number of an event' }],
  });
}
