/**
 * Every refusal leaves as a problem document. Routes throw a `Refusal`; what Fastify itself refuses is translated here;
 * anything else is a bug: logged in full, answered as `internal_error` without a word of it.
 */
import { type Fault, PROBLEMS, type Problem, type ProblemCode } from '@settle/contracts';
import { isStorageOutage } from '@settle/store';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** A request that is answered with a problem. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: ProblemCode;
  readonly faults: readonly Fault[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail: string,
    options: { readonly faults?: readonly Fault[]; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail);
    this.code = code;
    this.faults = options.faults ?? [];
    this.headers = options.headers ?? {};
  }
}

/** The same answer whether a thing is missing or belongs to another project. */
export function notFound(what: string): Refusal {
  return new Refusal('not_found', `There is no such ${what} in this project.`);
}

const PROBLEM_TYPE = 'application/problem+json';

export function addProblems(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError | Refusal>(async (error, request, reply) => {
    const refusal = error instanceof Refusal ? error : refusalOf(error);
    if (refusal === undefined && isStorageOutage(error)) {
      request.log.error({ event: 'storage_away', err: error }, 'the database did not answer');
      const headers = { 'retry-after': '5' };
      return send(request, reply, new Refusal('not_ready', 'The database does not answer; try again.', { headers }));
    }
    if (refusal === undefined) {
      request.log.error({ event: 'request_failed', err: error }, 'a request failed');
      return send(request, reply, new Refusal('internal_error', 'The request could not be carried out.'));
    }
    return send(request, reply, refusal);
  });
  app.setNotFoundHandler(async (request, reply) => {
    return send(request, reply, new Refusal('not_found', `There is no ${request.method} on this path.`));
  });
}

/** Malformed URLs never reach a route or the error handler above. */
export function answerFrameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  void send(request, reply, refusalOf(error) ?? notFound('path'));
}

function send(request: FastifyRequest, reply: FastifyReply, refusal: Refusal) {
  const { status, title } = PROBLEMS[refusal.code];
  const problem: Problem = {
    type: `urn:settle:problem:${refusal.code}`,
    title,
    status,
    code: refusal.code,
    detail: refusal.message,
    instance: request.url.split('?', 1)[0] ?? '',
    request_id: request.id,
    errors: [...refusal.faults],
  };
  return reply.code(status).headers(refusal.headers).type(PROBLEM_TYPE).send(JSON.stringify(problem));
}

/** What Fastify and its plugins refuse, by their error codes. */
function refusalOf(error: FastifyError): Refusal | undefined {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Refusal('body_too_large', 'A body may have at most 1 MiB.');
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new Refusal('body_not_json', 'The body could not be read as JSON.');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Refusal('unsupported_media_type', 'Send the body as application/json.');
    case 'FST_UNDER_PRESSURE':
      return new Refusal('overloaded', 'Try again in a moment.', { headers: { 'retry-after': '10' } });
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
    case 'FST_ERR_ASYNC_CONSTRAINT':
      return new Refusal('not_found', 'There is nothing on this path.');
    default:
      // JSON that is broken, or that would poison a prototype, comes as a SyntaxError with status 400.
      return error instanceof SyntaxError && error.statusCode === 400
        ? new Refusal('body_not_json', 'The body could not be read as JSON.')
        : undefined;
  }
}
