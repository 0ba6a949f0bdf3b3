/** The record of a bench: one file a run, in bench/results/. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { projectRoot } from '../stack/project-root.ts';
import type { BenchRow } from './bench-row.ts';
import type { Checkout } from './checkout.ts';
import type { Machine } from './machine.ts';

export interface BenchRecord extends Checkout {
  /** ISO 8601. */
  readonly at: string;
  readonly machine: Machine;
  /** Null where nothing could measure it. */
  readonly peakGflops: number | null;
  readonly rows: readonly BenchRow[];
}

/** Writes the record and returns where, relative to the checkout. */
export async function writeRecord(record: BenchRecord): Promise<string> {
  const file = path.join('bench', 'results', recordName(record));
  await mkdir(path.join(projectRoot, path.dirname(file)), { recursive: true });
  await writeFile(path.join(projectRoot, file), `${JSON.stringify(record, null, 2)}\n`);
  return file;
}

/** `<date>-<cpu>-<commit>.json`, with the time of day, so that no run takes the place of another. */
export function recordName({ at, machine, commit, uncommitted }: Omit<BenchRecord, 'rows' | 'peakGflops'>): string {
  const when = at.slice(0, 16).replaceAll(':', '');
  const cpu = machine.cpu
    .toLowerCase()
    .replaceAll(/\(r\)|\(tm\)|cpu|processor|@.*$/g, ' ')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return `${when}-${cpu || 'unknown-cpu'}-${commit}${uncommitted ? '-uncommitted' : ''}.json`;
}
