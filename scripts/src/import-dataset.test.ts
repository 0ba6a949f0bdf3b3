import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { uuidFromId } from '@settle/contracts';
import { datasetFromIdx, encodeIdx } from '@settle/core';
import {
  type Database,
  type DatasetFiles,
  ensureProject,
  findDatasetBlobs,
  loadDataset,
  migrate,
  openDatabase,
} from '@settle/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScratchDatabase, type ScratchDatabase } from '../../testing/scratch-database.ts';
import { parseCommandLine } from './import-dataset/command-line.ts';
import { readDataset } from './import-dataset/read-dataset.ts';

const SCRIPT = fileURLToPath(new URL('../dist/import-dataset.js', import.meta.url));

const bytes = (length: number, seed: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + seed) % 251);
const labels = (count: number, classes: number) => Uint8Array.from({ length: count }, (_, i) => i % classes);

/** Records of CIFAR-10 with labels in turn. */
function cifar(count: number, classes = 10): Uint8Array {
  const file = bytes(3_073 * count, count);
  for (let record = 0; record < count; record++) file[3_073 * record] = record % classes;
  return file;
}

let folder: string;
const at = (name: string) => path.join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'settle-import-'));
  const files: Record<string, Uint8Array> = {
    'train-images': encodeIdx([12, 4, 3], bytes(144, 1)),
    'train-labels': encodeIdx([12], labels(12, 3)),
    'test-images': encodeIdx([4, 4, 3], bytes(48, 2)),
    'test-images-other': encodeIdx([4, 4, 3], bytes(48, 3)),
    'test-labels': encodeIdx([4], labels(4, 4)),
    'images-of-5': encodeIdx([4, 5, 3], bytes(60, 2)),
    'labels-of-5': encodeIdx([5], labels(5, 3)),
    'labels-of-0': encodeIdx([0], new Uint8Array(0)),
    'images-of-0': encodeIdx([0, 4, 3], new Uint8Array(0)),
    'empty-images': encodeIdx([12, 0, 3], new Uint8Array(0)),
    'zero-labels-12': encodeIdx([12], new Uint8Array(12)),
    'zero-labels-4': encodeIdx([4], new Uint8Array(4)),
    text: new TextEncoder().encode('not an image'),
    'batch-1': cifar(3),
    'batch-2': cifar(10),
    batch: cifar(4),
    'batch-cut': cifar(3).subarray(0, 7_000),
    'batch-label': cifar(12, 11),
  };
  for (const name of ['train-images', 'train-labels', 'test-images', 'batch-1']) {
    const file = files[name];
    if (file !== undefined) files[`${name}.gz`] = gzipSync(file);
  }
  files['cut.gz'] = gzipSync(bytes(5_000, 1)).subarray(0, 200);
  files['broken.gz'] = Uint8Array.of(0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
  await Promise.all(Object.entries(files).map(([name, file]) => writeFile(at(name), file)));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const idxOptions = (changed: Readonly<Record<string, string>> = {}) =>
  Object.entries({ 'train-images': '', 'train-labels': '', 'test-images': '', 'test-labels': '', ...changed }).flatMap(
    ([option, name]) => [`--${option}`, at(name === '' ? option : name)],
  );
const read = (options: readonly string[]) => readDataset(parseCommandLine(['--name', 'own', ...options]));

describe('reading a dataset from files', () => {
  it.each([
    ['the largest label + 1 of train and test', [], 4],
    ['--classes', ['--classes', '7'], 7],
  ])('takes the number of classes from %s', async (_, options, classes) => {
    const dataset = await read(['--format', 'idx', ...idxOptions({ 'train-images': 'train-images.gz' }), ...options]);
    expect(dataset).toMatchObject({ name: 'own', features: 12, classes, trainSamples: 12, testSamples: 4 });
    expect(Buffer.compare(dataset.trainImages, encodeIdx([12, 4, 3], bytes(144, 1)))).toBe(0);
  });

  it('joins CIFAR-10 files in their order to IDX files of images of three channels', async () => {
    const train = `${at('batch-2')},${at('batch-1.gz')}`;
    const dataset = await read(['--format', 'cifar10', '--train', train, '--test', at('batch')]);
    expect(dataset).toMatchObject({ features: 3_072, classes: 10, trainSamples: 13, testSamples: 4 });
    const parsed = datasetFromIdx('own', dataset.trainImages, dataset.trainLabels, 10);
    expect(parsed.shape).toEqual([3, 32, 32]);
    expect([...parsed.labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2]);
    expect(Buffer.compare(parsed.inputs.subarray(0, 3_072), cifar(10).subarray(1, 3_073))).toBe(0);
    expect(Buffer.compare(parsed.inputs.subarray(10 * 3_072, 11 * 3_072), cifar(3).subarray(1, 3_073))).toBe(0);
  });

  it.each([
    {
      fault: 'a file that is not there',
      changed: { 'test-labels': 'absent' },
      message: 'absent: there is no such file',
    },
    { fault: 'a folder', changed: { 'test-labels': '.' }, message: 'is a folder' },
    { fault: 'a file of another kind', changed: { 'train-images': 'text' }, message: 'text: an IDX file starts' },
    {
      fault: 'a gzip file that is cut short',
      changed: { 'train-images': 'cut.gz' },
      message: 'cut.gz: is a gzip file',
    },
    { fault: 'a broken gzip file', changed: { 'train-images': 'broken.gz' }, message: 'broken.gz: is not a sound' },
    { fault: 'other counts', changed: { 'test-labels': 'labels-of-5' }, message: '4 images but labels of shape [5]' },
    { fault: 'labels for images', changed: { 'test-images': 'test-labels' }, message: 'a file of samples has 2 to 4' },
    { fault: 'images of another size', changed: { 'test-images': 'images-of-5' }, message: 'samples of [1, 5, 3]' },
    {
      fault: 'no samples',
      changed: { 'test-images': 'images-of-0', 'test-labels': 'labels-of-0' },
      message: 'images-of-0: there are no samples',
    },
    { fault: 'images without pixels', changed: { 'train-images': 'empty-images' }, message: 'its samples are empty' },
    {
      fault: 'one class only',
      changed: { 'train-labels': 'zero-labels-12', 'test-labels': 'zero-labels-4' },
      message: 'no classes',
    },
    {
      fault: 'labels beyond --classes',
      changed: {},
      more: ['--classes', '3'],
      message: 'label 3 is 3, classes end at 2',
    },
  ])('refuses $fault in one line', async ({ changed, more = [], message }) => {
    const failure = await read(['--format', 'idx', ...idxOptions(changed), ...more]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RangeError);
    expect(String(failure)).toContain(message);
    expect(String(failure)).not.toContain('\n');
  });

  it.each([
    ['batch-cut', 'batch-cut: record 2 is cut short'],
    ['batch-label', 'batch-label: record 10 has label 10'],
  ])('refuses the CIFAR-10 file %s', async (name, message) => {
    const files = ['--train', at('batch-1'), '--test', `${at('batch')},${at(name)}`];
    await expect(read(['--format', 'cifar10', ...files])).rejects.toThrow(message);
  });

  it.each([
    [[], '--name is missing'],
    [['--name', 'x'.repeat(201), '--format', 'idx'], '--name has at most'],
    [['--name', 'x'], '--format is missing'],
    [['--name', 'x', '--format', 'csv'], '--format is idx or cifar10'],
    [['--name', 'x', '--format', 'idx', '--train-images', 'f'], '--train-labels is missing'],
    [['--name', 'x', '--format', 'idx', '--train', 'f'], '--train does not go with'],
    [['--name', 'x', '--format', 'cifar10', '--train', 'f', '--test', 'f', '--classes', '1'], '--classes is a whole'],
    [['--name', 'x', '--unknown'], '--unknown'],
  ])('refuses the arguments %j', (args, message) => {
    expect(() => parseCommandLine(args)).toThrow(message);
  });
});

describe('npm run dataset', () => {
  let scratch: ScratchDatabase;
  let database: Database;
  beforeAll(async () => {
    scratch = await createScratchDatabase();
    await migrate(scratch.connectionString);
    database = openDatabase({ connectionString: scratch.connectionString, onError: () => {} });
  });
  afterAll(async () => {
    await database.close();
    await scratch.drop();
  });

  const run = (options: readonly string[]) =>
    promisify(execFile)(process.execPath, [SCRIPT, '--organisation', 'lab', '--project', 'vision', ...options], {
      env: { ...process.env, DATABASE_URL: scratch.connectionString },
    });
  const rows = async () => {
    const tables = ['organisation', 'project', 'dataset', 'blob'];
    const counts = tables.map((table) => database.pool.query<{ count: string }>(`SELECT count(*) FROM ${table}`));
    return (await Promise.all(counts)).map((answer) => Number(answer.rows[0]?.count));
  };
  const stored = async (project: string): Promise<DatasetFiles | undefined> => {
    const projectId = await ensureProject(database, 'lab', project);
    const blobs = await findDatasetBlobs(database, uuidFromId('project', projectId) ?? '', 'own');
    return blobs === undefined ? undefined : loadDataset(database, blobs);
  };

  it('stores nothing when a file is at fault', async () => {
    const options = ['--name', 'own', '--format', 'idx', ...idxOptions({ 'test-labels': 'labels-of-5' })];
    const failure = await run(options).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 1, stdout: '' });
    expect(failure).toHaveProperty('stderr', 'test-images with labels-of-5: 4 images but labels of shape [5]\n');
    expect(await rows()).toEqual([0, 0, 0, 0]);
  });

  it('stores a dataset of the project, once, and never replaces it', async () => {
    const packed = { 'train-images': 'train-images.gz', 'train-labels': 'train-labels.gz' };
    const options = ['--name', 'own', '--format', 'idx'];
    const first = await run([...options, ...idxOptions(packed)]);
    expect(first.stdout).toBe('Stored own for project vision of lab: 12 + 4 samples, 12 features, 4 classes.\n');
    expect(await rows()).toEqual([1, 1, 1, 4]);
    const files = await stored('vision');
    expect(files?.classes).toBe(4);
    expect(Buffer.compare(files?.trainImages ?? new Uint8Array(0), encodeIdx([12, 4, 3], bytes(144, 1)))).toBe(0);
    expect(await stored('other')).toBeUndefined();

    const again = await run([...options, ...idxOptions()]);
    expect(again.stdout).toContain('has this own already');
    const other = await run([...options, ...idxOptions({ 'test-images': 'test-images-other' })]).catch(
      (error: unknown) => error,
    );
    expect(other).toMatchObject({ code: 1, stdout: '' });
    expect(other).toHaveProperty('stderr', 'Project vision of lab has another dataset own: take another --name.\n');
    expect(await rows()).toEqual([1, 2, 1, 4]);
  });
});
