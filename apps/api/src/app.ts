/** The application: every plugin and route, by name and in order. It can be built without a socket. */
import helmet from '@fastify/helmet';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import underPressure from '@fastify/under-pressure';
import { newId, REDACTED_LOG_PATHS } from '@settle/contracts';
import fastify from 'fastify';
import { addAuthentication } from './plugins/authentication.ts';
import { addOpenApi } from './plugins/openapi.ts';
import { addProblems, answerFrameworkError } from './plugins/problems.ts';
import { addJsonBodies, addValidation } from './plugins/validation.ts';
import { getCheckpointContentRoute } from './routes/checkpoints/get-checkpoint-content.ts';
import { listDatasetsRoute } from './routes/datasets/list-datasets.ts';
import { healthRoutes } from './routes/health/health.ts';
import { cancelJobRoute } from './routes/jobs/cancel-job.ts';
import { getJobRoute } from './routes/jobs/get-job.ts';
import { getJobEventsRoute } from './routes/jobs/get-job-events.ts';
import { getJobMetricsRoute } from './routes/jobs/get-job-metrics.ts';
import { listJobCheckpointsRoute } from './routes/jobs/list-job-checkpoints.ts';
import { listJobsRoute } from './routes/jobs/list-jobs.ts';
import { submitJobRoute } from './routes/jobs/submit-job.ts';
import { listRecipesRoute } from './routes/recipes/list-recipes.ts';
import type { Api, ApiServices, RouteModule } from './routes/route-module.ts';

const BODY_LIMIT_BYTES = 1_048_576;
const CLOSE_IDLE_MS = 100;
/** A loop this far behind answers nobody in time; better to say so. */
const MAXIMUM_LOOP_DELAY_MS = 2_000;

const TENANT_ROUTES: readonly RouteModule[] = [
  submitJobRoute,
  listJobsRoute,
  getJobRoute,
  cancelJobRoute,
  getJobMetricsRoute,
  getJobEventsRoute,
  listJobCheckpointsRoute,
  getCheckpointContentRoute,
  listRecipesRoute,
  listDatasetsRoute,
];

/** `services` is called with the application's logger, so that what it starts logs the same way. */
export async function buildApp(
  logLevel: string,
  services: (app: Api) => ApiServices,
): Promise<{ readonly app: Api; readonly services: ApiServices }> {
  const app = fastify({
    logger: { level: logLevel, redact: [...REDACTED_LOG_PATHS] },
    bodyLimit: BODY_LIMIT_BYTES,
    genReqId: () => newId('request'),
    forceCloseConnections: 'idle',
    frameworkErrors: answerFrameworkError,
    routerOptions: { maxParamLength: 200 },
  }).withTypeProvider<TypeBoxTypeProvider>();
  const started = services(app);

  // Streams and long polls end by themselves; their connections are then idle, and closed as they become so.
  app.addHook('preClose', async () => {
    started.watcher.close();
    const sweep = setInterval(() => app.server.closeIdleConnections(), CLOSE_IDLE_MS);
    app.server.once('close', () => clearInterval(sweep));
  });
  addProblems(app);
  addValidation(app);
  addJsonBodies(app);
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  await app.register(helmet, { contentSecurityPolicy: false });
  await app.register(underPressure, { maxEventLoopDelay: MAXIMUM_LOOP_DELAY_MS, exposeStatusRoute: false });
  await addOpenApi(app);

  await app.register((open: Api, _options, done) => {
    healthRoutes(open, started);
    done();
  });
  await app.register((tenants: Api, _options, done) => {
    addAuthentication(tenants, started.database);
    for (const route of TENANT_ROUTES) route(tenants, started);
    done();
  });
  return { app, services: started };
}
