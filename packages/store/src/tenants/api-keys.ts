/**
 * API keys: who is asking, and for which project.
 *
 * A key is `settle_` and 32 random bytes; the store keeps its SHA-256. A fast hash is right here: the key has 256 bits
 * of randomness, so there is nothing to guess, and it is checked on every request.
 */
import { createHash, randomBytes } from 'node:crypto';
import { type ApiKeyId, idFromUuid, newId, type OrganisationId, type ProjectId } from '@settle/contracts';
import type { Database } from '../database.ts';
import { uuidOf } from '../uuid-of.ts';

/** The project on whose behalf a call is made. Every tenant-facing function of the store takes one. */
export interface Tenant {
  readonly organisationId: OrganisationId;
  readonly projectId: ProjectId;
}

export interface Caller extends Tenant {
  readonly apiKeyId: ApiKeyId;
}

const KEY_PREFIX = 'settle_';
const KEY_BYTES = 32;
const KEY_PATTERN = /^settle_[A-Za-z0-9_-]{43}$/;
const SHOWN_CHARACTERS = 12;

/** Makes a key for a project. The key is in the answer and nowhere else. */
export async function createApiKey(
  { prisma }: Database,
  projectId: ProjectId,
  name: string,
): Promise<{ readonly id: ApiKeyId; readonly key: string }> {
  const id = newId('apiKey');
  const key = KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
  await prisma.apiKey.create({
    data: {
      id: uuidOf('apiKey', id),
      projectId: uuidOf('project', projectId),
      name,
      prefix: key.slice(0, SHOWN_CHARACTERS),
      secretSha256: sha256(key),
    },
  });
  return { id, key };
}

/** The caller behind a key, or undefined when the key is unknown, revoked or expired. */
export async function authenticate({ prisma }: Database, key: string): Promise<Caller | undefined> {
  if (!KEY_PATTERN.test(key)) return undefined;
  const row = await prisma.apiKey.findUnique({
    where: { secretSha256: sha256(key) },
    include: { project: { select: { organisationId: true } } },
  });
  if (row === null || row.revokedAt !== null) return undefined;
  if (row.expiresAt !== null && row.expiresAt <= new Date()) return undefined;
  return {
    apiKeyId: idFromUuid('apiKey', row.id),
    projectId: idFromUuid('project', row.projectId),
    organisationId: idFromUuid('organisation', row.project.organisationId),
  };
}

function sha256(key: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(key).digest());
}
