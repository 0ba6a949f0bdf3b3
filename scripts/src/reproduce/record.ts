/** The record of what was measured: one JSON object a run, appended to docs/reproduce/results.json. */
import { execFileSync } from 'node:child_process';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { arch, cpus, platform } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { projectRoot } from '../stack/project-root.ts';
import type { Experiment, SeedOutcome } from './experiment.ts';

export interface Reproduction {
  readonly id: string;
  readonly source: string;
  readonly quantity: string;
  readonly published: string | null;
  readonly accept: readonly [number, number];
  /** By seed, from 1; null for a seed that gave no number. */
  readonly measured: readonly (number | null)[];
  /** Null when no seed gave a number. */
  readonly mean: number | null;
  /** Sample standard deviation over seeds; null for fewer than two. */
  readonly standardDeviation: number | null;
  /** Why seeds gave no number. */
  readonly failures: readonly string[];
  readonly pass: boolean;
  readonly seconds: number;
}

/** Passes when every seed gave a number and their mean lies in the interval. */
export function summarize(
  { id, source, quantity, published, accept }: Experiment,
  outcomes: readonly SeedOutcome[],
  seconds: number,
): Reproduction {
  const values = outcomes.flatMap((outcome) => (outcome.kind === 'measured' ? [outcome.value] : []));
  const failures = outcomes.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome.reason] : []));
  const mean = values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    id,
    source,
    quantity,
    published: published ?? null,
    accept,
    measured: outcomes.map((outcome) => (outcome.kind === 'measured' ? outcome.value : null)),
    mean: mean === null ? null : Number(mean.toPrecision(6)),
    standardDeviation: mean === null ? null : deviation(values, mean),
    failures,
    pass: mean !== null && failures.length === 0 && mean >= accept[0] && mean <= accept[1],
    seconds: Math.round(seconds * 10) / 10,
  };
}

function deviation(values: readonly number[], mean: number): number | null {
  if (values.length < 2) return null;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Number(Math.sqrt(squares / (values.length - 1)).toPrecision(3));
}

/** Appends to the record, with commit and machine. Runs of uncommitted code are marked. */
export async function appendRecord(reproduction: Reproduction): Promise<void> {
  const file = path.join(projectRoot, 'docs', 'reproduce', 'results.json');
  const before: unknown = JSON.parse(await readFile(file, 'utf8').catch(emptyWhereMissing));
  if (!Array.isArray(before)) throw new Error(`${file} is not a list`);
  const { commit, uncommitted } = commitOfCheckout();
  const [cpu] = cpus();
  const machine = {
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: cpus().length,
    platform: `${platform()} ${arch()}`,
    node: process.version,
  };
  const record = { at: new Date().toISOString(), commit, uncommitted, machine, ...reproduction };
  // Whole or not at all: a run may have taken hours.
  const fresh = `${file}.${process.pid}`;
  await writeFile(fresh, `${JSON.stringify([...before, record], null, 2)}\n`);
  await rename(fresh, file);
}

function emptyWhereMissing(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '[]';
  throw error;
}

function commitOfCheckout(): { readonly commit: string | null; readonly uncommitted: boolean } {
  try {
    const git = (...words: string[]) => execFileSync('git', words, { cwd: projectRoot, encoding: 'utf8' }).trim();
    // The record itself grows with every run and says nothing about the code.
    const changes = git('status', '--porcelain', '--', '.', ':!docs/reproduce/results.json');
    return { commit: git('rev-parse', 'HEAD'), uncommitted: changes !== '' };
  } catch {
    return { commit: null, uncommitted: true };
  }
}
