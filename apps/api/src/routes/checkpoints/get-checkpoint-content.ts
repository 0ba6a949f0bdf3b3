/** GET /v1/checkpoints/{id}/content: the safetensors file, whole or in ranges, so that a broken download goes on. */
import { Readable } from 'node:stream';
import { isId, Problem } from '@settle/contracts';
import { openCheckpoint } from '@settle/store';
import Type from 'typebox';
import { callerOf } from '../../plugins/authentication.ts';
import { notFound, Refusal } from '../../plugins/problems.ts';
import type { RouteModule } from '../route-module.ts';
import { parseByteRange } from './byte-range.ts';

const Bytes = Type.Unsafe<Readable>({ type: 'string', contentMediaType: 'application/octet-stream' });

export const getCheckpointContentRoute: RouteModule = (app, { database }) => {
  app.get(
    '/v1/checkpoints/:id/content',
    {
      schema: {
        operationId: 'getCheckpointContent',
        summary: 'Download a checkpoint',
        tags: ['checkpoints'],
        headers: Type.Object({
          range: Type.Optional(Type.String({ description: 'One range of bytes.' })),
          'if-range': Type.Optional(Type.String({ description: 'The ETag of the version that the range is of.' })),
        }),
        params: Type.Object({ id: Type.String({ description: 'Checkpoint id, `ckpt_…`.' }) }),
        response: { 200: Bytes, 206: Bytes, 401: Problem, 404: Problem, 416: Problem },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const content = isId('checkpoint', id) ? await openCheckpoint(database, callerOf(request), id) : undefined;
      if (content === undefined) throw notFound('checkpoint');
      const { sha256, size_bytes: sizeBytes } = content.checkpoint;
      const etag = `"sha256-${sha256}"`;
      // A range of another version of the file would be garbage; ours never change, but the client may hold another.
      const ifRange = request.headers['if-range'];
      const range = parseByteRange(
        ifRange === undefined || ifRange === etag ? request.headers.range : undefined,
        sizeBytes,
      );
      if (range.kind === 'unsatisfiable') {
        throw new Refusal('range_not_satisfiable', `The file has ${sizeBytes} bytes.`, {
          headers: { 'content-range': `bytes */${sizeBytes}` },
        });
      }
      reply
        .header('accept-ranges', 'bytes')
        .header('etag', etag)
        .header('repr-digest', `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`)
        .header('cache-control', 'private, immutable, max-age=31536000')
        .header('content-disposition', `attachment; filename="${id}.safetensors"`)
        .type('application/octet-stream');
      const { begin, end } = range.kind === 'part' ? range : { begin: 0, end: sizeBytes };
      if (range.kind === 'part') reply.code(206).header('content-range', `bytes ${begin}-${end - 1}/${sizeBytes}`);
      reply.header('content-length', end - begin);
      // A HEAD asks for the headers alone; the bytes would be read from the database for nothing.
      return reply.send(request.method === 'HEAD' ? Readable.from([]) : Readable.from(content.read(begin, end)));
    },
  );
};
