/** `npm run db:migrate`: brings the database of DATABASE_URL to where the service can start. */
import process from 'node:process';
import { queueConfig } from '@settle/queue';
import { prepareDatabase } from './stack/prepare-database.ts';

const databaseUrl = process.env.DATABASE_URL;
if (databaseUrl === undefined || databaseUrl === '') {
  console.error('Set DATABASE_URL; the embedded database is migrated by `npm start`.');
  process.exit(1);
}
const applied = await prepareDatabase(databaseUrl, queueConfig(process.env.QUEUE_URL, databaseUrl));
console.log(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`);
