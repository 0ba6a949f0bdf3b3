/**
 * `npm run dataset`: stores a dataset of one project from local files; makes the project where it is missing. Nothing is
 * downloaded, and nothing is stored unless every file is sound.
 */
import path from 'node:path';
import process from 'node:process';
import { ensureProject, type NewDataset, openDatabase, runningEmbeddedPostgres, storeDataset } from '@settle/store';
import { type ImportRequest, parseCommandLine, USAGE } from './import-dataset/command-line.ts';
import { readDataset } from './import-dataset/read-dataset.ts';
import { givenVariable } from './stack/given-variable.ts';
import { dataFolder } from './stack/project-root.ts';

const request = parseOrExit();
const dataset = await readOrExit(request);
const databaseUrl = givenVariable('DATABASE_URL') ?? (await runningEmbeddedPostgres(path.join(dataFolder, 'postgres')));
if (databaseUrl === undefined) exitWith('No database: run `npm start` in another terminal first, or set DATABASE_URL.');
const database = openDatabase({ connectionString: databaseUrl, maximumConnections: 1, onError: () => {} });
try {
  const { organisation, project } = request;
  const projectId = await ensureProject(database, organisation, project);
  const stored = await storeDataset(database, projectId, dataset);
  const { name, trainSamples, testSamples, features, classes } = dataset;
  const what = `${trainSamples} + ${testSamples} samples, ${features} features, ${classes} classes`;
  switch (stored.kind) {
    case 'stored':
      console.log(`Stored ${name} for project ${project} of ${organisation}: ${what}.`);
      break;
    case 'already-there':
      console.log(`Project ${project} of ${organisation} has this ${name} already: ${what}.`);
      break;
    case 'name-taken':
      console.error(`Project ${project} of ${organisation} has another dataset ${name}: take another --name.`);
      process.exitCode = 1;
      break;
    default:
      stored satisfies never;
  }
} finally {
  await database.close();
}

function parseOrExit(): ImportRequest {
  try {
    return parseCommandLine(process.argv.slice(2));
  } catch (error) {
    return exitWith(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

async function readOrExit(request: ImportRequest): Promise<NewDataset> {
  try {
    return await readDataset(request);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return exitWith(error.message);
  }
}

function exitWith(message: string): never {
  console.error(message);
  process.exit(1);
}
