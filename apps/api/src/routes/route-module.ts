/** What a route file exports: a function that registers one operation with what it needs. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { DeliveryProducer } from '@settle/queue';
import type { Database } from '@settle/store';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import Type from 'typebox';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { JobWatcher } from '../events/job-watcher.ts';

/** The answer of a status that has no body. */
export const NoBody = Type.Unsafe<undefined>({ description: 'No body.' });

export interface ApiServices {
  readonly database: Database;
  readonly producer: DeliveryProducer;
  readonly dispatcher: Dispatcher;
  readonly watcher: JobWatcher;
}

export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export type RouteModule = (app: Api, services: ApiServices) => void;
