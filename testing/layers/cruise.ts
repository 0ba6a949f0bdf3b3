/** What does dependency-cruiser say about a tree? Run as `npm run check` runs it, over this repository or over a fixture. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { CRUISED_FOLDERS, CRUISER, CRUISER_RULES } from '../../scripts/src/checks/layers.ts';

export interface Violation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}

export interface Cruise {
  /** Every module that was seen, as a path below the root; siblings' dist/ and npm packages included. */
  readonly modules: readonly string[];
  readonly dependencies: number;
  readonly violations: readonly Violation[];
}

export const projectRoot = fileURLToPath(new URL('../../', import.meta.url));

const RULES = path.join(projectRoot, CRUISER_RULES);
const MAXIMUM_OUTPUT_BYTES = 64 * 1024 * 1024;

export async function cruise(root: string): Promise<Cruise> {
  const program = path.join(projectRoot, 'node_modules', CRUISER);
  const args = [program, '--config', RULES, '--output-type', 'json', ...CRUISED_FOLDERS];
  const output = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, args, { cwd: root, maxBuffer: MAXIMUM_OUTPUT_BYTES }, (error, stdout, stderr) => {
      // It exits with the number of violations, so only an empty answer is a failure.
      if (stdout === '') reject(new Error(`dependency-cruiser failed: ${stderr}`, { cause: error }));
      else resolve(stdout);
    });
  });
  return parseCruise(JSON.parse(output));
}

/** The names of all rules, in their order. */
export function ruleNames(): string[] {
  const rules: unknown = createRequire(import.meta.url)(RULES);
  return list(member(rules, 'forbidden')).map((rule) => text(member(rule, 'name')));
}

function parseCruise(result: unknown): Cruise {
  const summary = member(result, 'summary');
  return {
    modules: list(member(result, 'modules')).map((module) => text(member(module, 'source'))),
    dependencies: Number(member(summary, 'totalDependenciesCruised')),
    violations: list(member(summary, 'violations')).map((violation) => ({
      rule: text(member(member(violation, 'rule'), 'name')),
      from: text(member(violation, 'from')),
      to: text(member(violation, 'to')),
    })),
  };
}

function member(value: unknown, name: string): unknown {
  if (typeof value === 'object' && value !== null && name in value) {
    return Object.entries(value).find(([key]) => key === name)?.[1];
  }
  throw new TypeError(`dependency-cruiser's answer has no ${name}`);
}

function list(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError('a list was expected');
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new TypeError('a text was expected');
}
