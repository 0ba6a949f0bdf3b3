/** `npm run key`: makes an API key for a project, and the project where it is missing. The key is shown once. */
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { createApiKey, ensureProject, openDatabase, runningEmbeddedPostgres } from '@settle/store';
import { givenVariable } from './stack/given-variable.ts';
import { dataFolder } from './stack/project-root.ts';

const { values } = parseArgs({
  options: {
    organisation: { type: 'string', default: 'my-lab' },
    project: { type: 'string', default: 'first-steps' },
    name: { type: 'string', default: 'unnamed' },
  },
});

const databaseUrl = givenVariable('DATABASE_URL') ?? (await runningEmbeddedPostgres(path.join(dataFolder, 'postgres')));
if (databaseUrl === undefined) {
  console.error('No database: run `npm start` in another terminal first, or set DATABASE_URL.');
  process.exit(1);
}
const database = openDatabase({ connectionString: databaseUrl, maximumConnections: 1, onError: () => {} });
try {
  const projectId = await ensureProject(database, values.organisation, values.project);
  const { key } = await createApiKey(database, projectId, values.name);
  console.error(`Key for project ${values.project} of ${values.organisation} (${projectId}); it is not shown again:`);
  console.log(key);
} finally {
  await database.close();
}
