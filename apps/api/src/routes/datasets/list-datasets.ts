/** GET /v1/datasets: the project's own datasets and the built-in ones. */
import { DatasetList, Problem } from '@settle/contracts';
import { listDatasets } from '@settle/store';
import { callerOf } from '../../plugins/authentication.ts';
import type { RouteModule } from '../route-module.ts';

export const listDatasetsRoute: RouteModule = (app, { database }) => {
  app.get(
    '/v1/datasets',
    {
      schema: {
        operationId: 'listDatasets',
        summary: 'List the datasets that a job can name',
        tags: ['datasets'],
        response: { 200: DatasetList, 401: Problem },
      },
    },
    async (request) => ({ data: await listDatasets(database, callerOf(request)) }),
  );
};
