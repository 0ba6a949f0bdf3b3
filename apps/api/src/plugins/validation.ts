/**
 * How requests are checked: TypeBox schemas, all faults at once. Query strings are text and are converted; bodies are
 * JSON and are not. A body is checked by its route, which knows more about it than a schema can say.
 */
import { faultsOf } from '@settle/contracts';
import type { FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import { Convert, Default } from 'typebox/value';
import { Refusal } from './problems.ts';

/** JSON bodies as Fastify reads them, except that none at all is none: many clients name a content type on every POST. */
export function addJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body, done);
  });
}

export function addValidation(app: FastifyInstance): void {
  app.setValidatorCompiler<TSchema>(({ schema, httpPart }) => (value: unknown) => {
    if (httpPart === 'body' || httpPart === 'headers') return { value };
    const converted: unknown = Default(schema, Convert(schema, structuredClone(value)));
    const faults = faultsOf(schema, converted);
    if (faults.length === 0) return { value: converted };
    throw new Refusal('request_invalid', 'A query parameter is not valid.', {
      faults: faults.map((fault) => ({ ...fault, pointer: fault.pointer.slice(1) })),
    });
  });
  // Views build their answers key by key, so there is nothing for a serializer to filter, and it could only drop members.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
}
