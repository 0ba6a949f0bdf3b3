/** Who is asking: `Authorization: Bearer settle_…`, checked before the body is read. */
import { authenticate, type Caller, type Database } from '@settle/store';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Refusal } from './problems.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route below /v1; read it through `callerOf`. */
    caller: Caller | undefined;
  }
}

export function addAuthentication(app: FastifyInstance, database: Database): void {
  app.decorateRequest('caller', undefined);
  app.addHook('onRequest', async (request) => {
    const key = bearerToken(request.headers.authorization);
    const caller = key === undefined ? undefined : await authenticate(database, key);
    if (caller === undefined) {
      throw new Refusal('unauthenticated', 'Send an API key as `Authorization: Bearer settle_…`.', {
        headers: { 'www-authenticate': 'Bearer' },
      });
    }
    request.caller = caller;
  });
}

/** The caller of a request that has passed authentication. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === undefined) throw new Error('a route was registered outside authentication');
  return request.caller;
}

function bearerToken(header: string | undefined): string | undefined {
  const match = /^Bearer +(\S+)$/i.exec(header ?? '');
  return match?.[1];
}
