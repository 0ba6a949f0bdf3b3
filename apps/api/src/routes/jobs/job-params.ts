/** The `{id}` of a job's path. A text that is no job id answers exactly as a job that does not exist. */
import { isId, type JobId } from '@settle/contracts';
import Type from 'typebox';
import { notFound } from '../../plugins/problems.ts';

export const JobParams = Type.Object({ id: Type.String({ description: 'Job id, `job_…`.' }) });

export function jobIdOf(id: string): JobId {
  if (!isId('job', id)) throw notFound('job');
  return id;
}
