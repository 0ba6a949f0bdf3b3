/** What the API process reads from its environment. */
import { readEnvironment, SHARED_ENVIRONMENT } from '@settle/contracts';
import Type, { type Static } from 'typebox';

const ApiEnvironment = Type.Object({
  ...SHARED_ENVIRONMENT,
  HOST: Type.String({ default: '127.0.0.1', description: 'Address to listen on; 0.0.0.0 in a container.' }),
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 3_000, description: '0: any free port.' }),
});
export type ApiEnvironment = Static<typeof ApiEnvironment>;

export const readApiEnvironment = (environment: NodeJS.ProcessEnv): ApiEnvironment =>
  readEnvironment(ApiEnvironment, environment);
