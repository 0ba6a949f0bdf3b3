/** `npm run db:migrate`: brings the database of DATABASE_URL to where the service can start. */
import process from 'node:process';
import { queueConfig } from '@settle/queue';
import { givenVariable } from './stack/given-variable.ts';
import { prepareDatabase } from './stack/prepare-database.ts';

const databaseUrl = givenVariable('DATABASE_URL');
if (databaseUrl === undefined) {
  console.error('Set DATABASE_URL; the embedded database is migrated by `npm start`.');
  process.exit(1);
}
const applied = await prepareDatabase(databaseUrl, queueConfig(givenVariable('QUEUE_URL'), databaseUrl));
console.log(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`);
