/** GET /livez: the process answers. GET /readyz: it can do its work, or says what it lacks. No key is needed. */
import { Problem } from '@settle/contracts';
import { pendingMigrations } from '@settle/store';
import Type from 'typebox';
import { Refusal } from '../../plugins/problems.ts';
import type { RouteModule } from '../route-module.ts';

const Alive = Type.Object({ status: Type.Literal('ok') });

export const healthRoutes: RouteModule = (app, { database, producer }) => {
  app.get(
    '/livez',
    { schema: { operationId: 'live', tags: ['health'], security: [], response: { 200: Alive } } },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/readyz',
    { schema: { operationId: 'ready', tags: ['health'], security: [], response: { 200: Alive, 503: Problem } } },
    async (request) => {
      const checks = {
        database: async () => {
          const pending = await pendingMigrations(database.pool);
          if (pending.length > 0) throw new Error(`${pending.length} migrations are not applied`);
        },
        queue: () => producer.check(),
      };
      const lacking: string[] = [];
      for (const [name, check] of Object.entries(checks)) {
        await check().catch((error: unknown) => {
          request.log.warn({ event: 'not_ready', part: name, err: error }, 'a part is not ready');
          lacking.push(name);
        });
      }
      if (lacking.length > 0) throw new Refusal('not_ready', `Not ready: ${lacking.join(', ')}.`);
      return { status: 'ok' as const };
    },
  );
};
