/**
 * Whom does PostgreSQL run as? It refuses to run as root, so root hands it to an unprivileged account that the machine
 * already has; an ordinary user runs it himself. No account is ever created.
 */
import { stat } from 'node:fs/promises';
import process from 'node:process';
import { type Account, runCommand } from './run-command.ts';

/** Debian's and RPM's account for PostgreSQL first; `nobody` exists everywhere. */
const CANDIDATES = ['postgres', 'nobody'];

/**
 * `existingHome` is where a cluster was made before: whoever owns it goes on running it, even where a `postgres` account
 * appeared since. `undefined` means that this process's own account will do.
 */
export async function serverAccount(existingHome: string | undefined): Promise<Account | undefined> {
  const ownUid = process.getuid?.();
  if (existingHome !== undefined) {
    const { uid, gid } = await stat(existingHome);
    if (uid === ownUid && ownUid !== 0) return undefined;
    if (ownUid !== 0) {
      throw new Error(`${existingHome} belongs to another user (uid ${uid}): start as that user, or remove it`);
    }
    if (uid !== 0) return { uid, gid };
  }
  if (ownUid !== 0) return undefined;
  for (const name of CANDIDATES) {
    const uid = await numericId('-u', name);
    const gid = await numericId('-g', name);
    if (uid !== undefined && gid !== undefined && uid !== 0) return { uid, gid };
  }
  throw new Error(
    `PostgreSQL does not run as root, and there is no account named ${CANDIDATES.join(' or ')} to run it as; ` +
      'start as an ordinary user, or set DATABASE_URL',
  );
}

/** Whether the account can enter and write the folder: asked of the system by trying, since modes are not all there is. */
export async function canUse(account: Account, folder: string): Promise<boolean> {
  const outcome = await runCommand('/bin/sh', ['-c', 'cd -- "$1" && test -w .', 'sh', folder], account);
  return outcome.kind === 'succeeded';
}

async function numericId(flag: '-u' | '-g', name: string): Promise<number | undefined> {
  const outcome = await runCommand('id', [flag, name], undefined);
  if (outcome.kind === 'failed') return undefined;
  const id = Number(outcome.output.trim());
  return Number.isInteger(id) ? id : undefined;
}
