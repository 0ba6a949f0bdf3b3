/** From local files to what the store takes: four IDX files that fit each other, and their numbers. */
import {
  CIFAR10_CLASSES,
  CIFAR10_SHAPE,
  type Dataset,
  datasetFromIdx,
  encodeIdx,
  parseCifar10,
  parseIdx,
} from '@settle/core';
import type { NewDataset } from '@settle/store';
import type { ImportRequest } from './command-line.ts';
import { type DataFile, readDataFile } from './read-data-file.ts';

interface Part {
  readonly images: DataFile;
  readonly labels: DataFile;
}

/** Throws RangeError, with the file and the reason in one line, on files that are not one dataset. */
export async function readDataset({ name, source, classes }: ImportRequest): Promise<NewDataset> {
  switch (source.format) {
    case 'idx': {
      const train = { images: await readDataFile(source.trainImages), labels: await readDataFile(source.trainLabels) };
      const test = { images: await readDataFile(source.testImages), labels: await readDataFile(source.testLabels) };
      return datasetOf(name, train, test, classes);
    }
    case 'cifar10':
      return datasetOf(
        name,
        cifar10Part('train', await Promise.all(source.train.map(readDataFile))),
        cifar10Part('test', await Promise.all(source.test.map(readDataFile))),
        classes ?? CIFAR10_CLASSES,
      );
    default:
      source satisfies never;
      throw new Error('unreachable format');
  }
}

/** The store keeps IDX files only. */
function cifar10Part(part: string, files: readonly DataFile[]): Part {
  const { sampleCount, images, labels } = parseCifar10(files);
  return {
    images: { name: `images of --${part}`, bytes: encodeIdx([sampleCount, ...CIFAR10_SHAPE], images) },
    labels: { name: `labels of --${part}`, bytes: encodeIdx([sampleCount], labels) },
  };
}

function datasetOf(name: string, train: Part, test: Part, askedClasses: number | undefined): NewDataset {
  const classes = askedClasses ?? countClasses([train.labels, test.labels]);
  const trainSet = checked(train, classes);
  const testSet = checked(test, classes);
  if (trainSet.shape.join() !== testSet.shape.join()) {
    throw new RangeError(
      `${test.images.name} has samples of [${testSet.shape.join(', ')}], ${train.images.name} of [${trainSet.shape.join(', ')}]`,
    );
  }
  return {
    name,
    features: trainSet.featureCount,
    classes,
    trainSamples: trainSet.sampleCount,
    testSamples: testSet.sampleCount,
    trainImages: train.images.bytes,
    trainLabels: train.labels.bytes,
    testImages: test.images.bytes,
    testLabels: test.labels.bytes,
  };
}

/** Reads a part as a worker will. */
function checked({ images, labels }: Part, classes: number): Dataset {
  for (const file of [images, labels]) naming(file.name, () => parseIdx(file.bytes));
  const set = naming(`${images.name} with ${labels.name}`, () =>
    datasetFromIdx(images.name, images.bytes, labels.bytes, classes),
  );
  if (set.sampleCount === 0) throw new RangeError(`${images.name}: there are no samples`);
  if (set.featureCount === 0) throw new RangeError(`${images.name}: its samples are empty`);
  return set;
}

function countClasses(files: readonly DataFile[]): number {
  const labels = files.map((file) => naming(file.name, () => parseIdx(file.bytes)).values);
  const largest = labels.reduce((most, values) => values.reduce((found, label) => Math.max(found, label), most), 0);
  if (largest === 0) {
    throw new RangeError(`${files.map((file) => file.name).join(' and ')}: no classes, there is no label but 0`);
  }
  return largest + 1;
}

/** Puts the file before the reason that the parser gives. */
function naming<Result>(name: string, parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`${name}: ${error.message}`, { cause: error });
  }
}
