/**
 * The OpenAPI 3.1 document at /openapi.json, made from the same schemas that check requests, and a page to browse it.
 *
 * What schemas cannot say is added here: media types that are not JSON, answers without a body, and that a parameter
 * with a default need not be sent.
 */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

export async function addOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Settle',
        version: '1',
        description:
          'Training as a service for networks that learn by settling. Ignore fields you do not know, and expect new ' +
          'values of enumerations.',
      },
      components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
      security: [{ apiKey: [] }],
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject;
      for (const methods of Object.values(document.openapiObject.paths ?? {})) {
        for (const operation of Object.values(methods ?? {})) finishOperation(operation);
      }
      return document.openapiObject;
    },
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}

interface Operation {
  operationId?: string;
  parameters?: { required?: boolean; schema?: { default?: unknown } }[];
  responses?: Record<string, { content?: Record<string, unknown> }>;
}

const STREAM = { schema: { type: 'string', description: 'Server-sent events.' } };
const FILE = { schema: { type: 'string', format: 'binary' } };

function finishOperation(value: unknown): void {
  if (!isOperation(value)) return;
  for (const parameter of value.parameters ?? []) {
    if (parameter.schema?.default !== undefined) parameter.required = false;
  }
  for (const [status, response] of Object.entries(value.responses ?? {})) {
    const json = response.content?.['application/json'];
    if (Number(status) >= 400 && json !== undefined) response.content = { 'application/problem+json': json };
    if (status === '204' || status === '304') delete response.content;
    if (value.operationId === 'getCheckpointContent' && Number(status) < 300) {
      response.content = { 'application/octet-stream': FILE };
    }
    if (value.operationId === 'getJobEvents' && status === '200') {
      response.content = { ...response.content, 'text/event-stream': STREAM };
    }
  }
}

/** The parser of this border: what the plugin has just made, where every member of a path with responses is an operation. */
function isOperation(value: unknown): value is Operation {
  return typeof value === 'object' && value !== null && 'responses' in value;
}
