/**
 * `npm run check`: is the repository in order without running it? Format, lint, types, layers, unused code, and a few
 * checks of our own; all at once, one line a step, and the output of what failed at the end.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { environmentExampleFindings } from './checks/environment-example.ts';
import { inlineImportTypeFindings } from './checks/inline-import-types.ts';
import { largestFileFindings } from './checks/largest-file.ts';
import { CRUISED_FOLDERS, CRUISER, CRUISER_RULES } from './checks/layers.ts';
import { machinePathFindings } from './checks/machine-paths.ts';
import { PROCESS_NAMES, processEnvironment } from './checks/process-environment.ts';
import { readSourceFiles, type SourceFile } from './checks/source-files.ts';
import { runTool, type ToolResult } from './checks/tool.ts';
import { projectRoot } from './stack/project-root.ts';

const sources = readSourceFiles(projectRoot);

const tool = (entry: string, ...args: string[]) => runTool(projectRoot, entry, args);
const ofSources = async (findings: (files: readonly SourceFile[]) => string[]) => resultOf(findings(await sources));

const STEPS: Readonly<Record<string, () => Promise<ToolResult>>> = {
  'format and lint': () => tool('@biomejs/biome/bin/biome', 'check', '--error-on-warnings'),
  'types of the packages': () => tool('typescript/bin/tsc', '-b'),
  'types of the tests': () => tool('typescript/bin/tsc', '-p', 'testing/tsconfig.json'),
  // That it sees what it should is the business of testing/layers.
  layers: () => tool(CRUISER, '--config', CRUISER_RULES, ...CRUISED_FOLDERS),
  'unused and unlisted': () => tool('knip/bin/knip.js', '--no-progress', '--treat-config-hints-as-errors'),
  'largest file': () => ofSources(largestFileFindings),
  'machine paths': () => ofSources(machinePathFindings),
  'inline import types': () => ofSources(inlineImportTypeFindings),
  '.env.example': async () => {
    const example = await readFile(path.join(projectRoot, '.env.example'), 'utf8');
    const processes = await Promise.all(PROCESS_NAMES.map((name) => processEnvironment(projectRoot, name)));
    return resultOf(environmentExampleFindings(example, processes));
  },
};

const failures = (await Promise.all(Object.entries(STEPS).map(([name, run]) => runStep(name, run)))).flat();
for (const { name, output } of failures) console.log(`\n--- ${name} ---\n${output.trim()}`);
if (failures.length > 0) {
  console.log(`\n${failures.length} of ${Object.keys(STEPS).length} steps failed.`);
  process.exitCode = 1;
}

/** The failure, if it is one; a step that cannot even run has failed too. */
async function runStep(name: string, run: () => Promise<ToolResult>): Promise<{ name: string; output: string }[]> {
  const began = performance.now();
  const { succeeded, output } = await run().catch((error: unknown) => resultOf([String(error)]));
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  console.log(`${succeeded ? 'ok    ' : 'FAILED'}  ${name.padEnd(24)}${seconds.padStart(5)} s`);
  return succeeded ? [] : [{ name, output }];
}

function resultOf(findings: readonly string[]): ToolResult {
  return { succeeded: findings.length === 0, output: findings.join('\n') };
}
