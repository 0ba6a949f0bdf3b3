/**
 * `npm run demo`: the main job from end to end, on this machine. Starts the stack, trains an equilibrium-propagation
 * network on all of MNIST through the API, follows it, downloads the result and checks it in a process of its own.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { settleClient } from '@settle/client';
import type { JobResult } from '@settle/contracts';
import { createApiKey, ensureProject, openDatabase } from '@settle/store';
import { launchStack, type Stack } from '../stack/launch-stack.ts';
import { dataFolder } from '../stack/project-root.ts';
import { percent, progressLine } from './progress-line.ts';

/** Equilibrium propagation as in Scellier & Bengio (2017), nudged to both sides, which allows twice the rates. */
const JOB = {
  recipe: 'ep',
  name: 'demo: MNIST, 784-500-10, centred',
  dataset: { name: 'mnist' },
  network: { layers: [784, 500, 10], activation: 'hard-sigmoid' },
  settling: { step_size: 0.5, free_steps: 20, nudged_steps: 4, beta: 0.5, nudging: 'centred' },
  training: { epochs: 8, batch_size: 20, learning_rates: [0.2, 0.1] },
} as const;

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
// With --json, stdout carries one line of JSON and nothing else.
const out = values.json ? process.stderr : process.stdout;
const say = (text: string) => out.write(`${text}\n`);

/** Set by scripts/run.mjs: set-up counts. */
const beganAtMs = Number(process.env.SETTLE_BEGAN_AT_MS ?? Date.now());
let stack: Stack | undefined;
/** Set while the job runs: an interrupted demo leaves nothing behind that the next one would train along. */
let cancelJob: (() => Promise<unknown>) | undefined;
const interrupted = async () => {
  await cancelJob?.().catch(() => {});
  await stack?.stop();
  process.exit(130);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void interrupted());

try {
  say('Starting Postgres, API and worker ...');
  stack = await launchStack({ folder: dataFolder, wantedPort: 3_000, note: (text) => say(`  ${text}`) });
  say(`  API at ${stack.url}`);
  const result = await runJob(stack);
  await stack.stop();
  const wallSeconds = (Date.now() - beganAtMs) / 1_000;
  say(`\n${table({ ...result, wallSeconds })}`);
  if (values.json) console.log(JSON.stringify({ ...result, wallSeconds }));
} catch (error) {
  console.error(`settle: ${error instanceof Error ? error.message : String(error)}`);
  if (stack !== undefined) console.error(`settle: logs are in ${stack.logFolder}`);
  await stack?.stop();
  process.exit(1);
}

async function runJob({ url, databaseUrl }: Stack) {
  const client = settleClient({ baseUrl: url, apiKey: await demoKey(databaseUrl) });
  const job = await client.submitJob(JOB);
  say(`Submitted ${job.id}: ${JOB.name}`);
  cancelJob = () => client.cancelJob(job.id);
  const line = progressLine(out);
  for await (const event of client.followJob(job.id)) line.show(event);
  line.end();
  cancelJob = undefined;
  const { status, result, failure } = await client.getJob(job.id);
  if (result === null) throw new Error(`the job is ${status}: ${failure?.message ?? 'no reason given'}`);
  say('Downloading the checkpoint and evaluating it in a fresh process ...');
  await checkCheckpoint(await client.downloadCheckpoint(result.checkpoint_id), result);
  return {
    jobId: job.id,
    recipe: JOB.recipe,
    testAccuracy: result.test_accuracy,
    epochs: result.epochs,
    trainSeconds: result.train_seconds,
    imagesPerSecond: result.images_per_second,
    checkpointSha256: result.checkpoint_sha256,
  };
}

async function demoKey(databaseUrl: string): Promise<string> {
  const database = openDatabase({ connectionString: databaseUrl, maximumConnections: 1, onError: () => {} });
  try {
    const projectId = await ensureProject(database, 'demo', 'demo');
    return (await createApiKey(database, projectId, 'npm run demo')).key;
  } finally {
    await database.close();
  }
}

/** Rejects unless the file is the one the API spoke of and reaches the accuracy that the API gave. */
async function checkCheckpoint(file: Uint8Array, result: JobResult): Promise<void> {
  const sha256 = createHash('sha256').update(file).digest('hex');
  if (sha256 !== result.checkpoint_sha256)
    throw new Error('the downloaded checkpoint has another hash than the API said');
  const folder = await mkdtemp(path.join(tmpdir(), 'settle-demo-'));
  try {
    const name = path.join(folder, 'checkpoint.safetensors');
    await writeFile(name, file);
    const script = fileURLToPath(new URL('./evaluate-checkpoint.js', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script, name]);
    if (stdout.trim() !== JSON.stringify({ testAccuracy: result.test_accuracy })) {
      throw new Error(`a fresh process finds ${stdout.trim()}, the API said ${result.test_accuracy}`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

function table(result: Awaited<ReturnType<typeof runJob>> & { readonly wallSeconds: number }): string {
  const rows = [
    ['job', result.jobId],
    ['recipe', result.recipe],
    ['test accuracy', `${percent(result.testAccuracy)} (the API and a fresh process agree)`],
    ['epochs', String(result.epochs)],
    ['training', `${result.trainSeconds.toFixed(1)} s, ${Math.round(result.imagesPerSecond)} images/s`],
    ['checkpoint', `sha256 ${result.checkpointSha256}`],
    ['whole command', `${result.wallSeconds.toFixed(1)} s`],
  ];
  return rows.map(([name = '', value = '']) => `  ${name.padEnd(14)} ${value}`).join('\n');
}
