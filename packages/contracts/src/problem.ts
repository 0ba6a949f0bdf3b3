/**
 * Every refusal the API can give, and its shape on the wire: RFC 9457 problem documents with a stable code.
 *
 * docs/problems.md lists the same codes; a test holds the two to each other.
 */
import Type, { type Static } from 'typebox';

export const PROBLEMS = {
  body_not_json: { status: 400, title: 'The body is not JSON' },
  request_invalid: { status: 400, title: 'The request is not valid' },
  unauthenticated: { status: 401, title: 'A valid API key is needed' },
  not_found: { status: 404, title: 'Not found' },
  job_already_finished: { status: 409, title: 'The job has already finished' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body has an unsupported media type' },
  range_not_satisfiable: { status: 416, title: 'The requested range lies outside the content' },
  body_invalid: { status: 422, title: 'The body is not valid' },
  internal_error: { status: 500, title: 'Something went wrong on our side' },
  not_ready: { status: 503, title: 'The service is not ready' },
  overloaded: { status: 503, title: 'The service is overloaded' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One thing that is wrong with a request. */
export const Fault = Type.Object(
  {
    pointer: Type.String({ description: 'JSON Pointer to the place in the body, or the name of a query parameter.' }),
    code: Type.String({ description: 'Stable name of the fault, e.g. `unknown_field` or `minimum`.' }),
    detail: Type.String(),
  },
  { $id: 'Fault' },
);
export type Fault = Static<typeof Fault>;

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'URI of the documentation of this problem.' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable name of the problem.' }),
    detail: Type.String(),
    instance: Type.String(),
    request_id: Type.String(),
    errors: Type.Array(Fault, { description: 'Every fault of the request at once; empty where there is only one.' }),
  },
  { $id: 'Problem' },
);
export type Problem = Static<typeof Problem>;
