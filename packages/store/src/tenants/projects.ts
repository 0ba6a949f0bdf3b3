/** Organisations and their projects. */
import { idFromUuid, newId, type ProjectId } from '@settle/contracts';
import type { Database } from '../database.ts';
import { uuidOf } from '../uuid-of.ts';

/** The project of this name in the organisation of this name; makes what is missing. */
export async function ensureProject(
  { prisma }: Database,
  organisationName: string,
  projectName: string,
): Promise<ProjectId> {
  const organisation = await prisma.organisation.upsert({
    where: { name: organisationName },
    create: { id: uuidOf('organisation', newId('organisation')), name: organisationName },
    update: {},
  });
  const project = await prisma.project.upsert({
    where: { organisationId_name: { organisationId: organisation.id, name: projectName } },
    create: { id: uuidOf('project', newId('project')), organisationId: organisation.id, name: projectName },
    update: {},
  });
  return idFromUuid('project', project.id);
}
