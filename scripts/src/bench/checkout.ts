/** Which code is measured? The commit of the checkout, and whether it was changed since. */
import { execFileSync } from 'node:child_process';
import { projectRoot } from '../stack/project-root.ts';

export interface Checkout {
  /** Shortened; `unknown` where there is no git. */
  readonly commit: string;
  readonly uncommitted: boolean;
}

export function git(...words: readonly string[]): string {
  return execFileSync('git', words, { cwd: projectRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** Results of earlier runs say nothing about the code and do not count as a change. */
export function checkoutNow(): Checkout {
  try {
    const changes = git('status', '--porcelain', '--', '.', ':!bench/results', ':!docs/reproduce/results.json');
    return { commit: git('rev-parse', '--short=10', 'HEAD'), uncommitted: changes !== '' };
  } catch {
    return { commit: 'unknown', uncommitted: true };
  }
}

export const checkoutText = ({ commit, uncommitted }: Checkout): string =>
  uncommitted ? `${commit}+uncommitted` : commit;
