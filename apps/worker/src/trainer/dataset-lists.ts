/** Which bytes of a data set are not zero: listed once per worker, in a thread of its own, for all who train on it. */
import { Worker } from 'node:worker_threads';
import { datasetFromIdx, type ListedSamples, listSamples } from '@settle/core';
import type { DatasetFiles } from '@settle/store';

/** Of the training and of the test samples; undefined where lists do not pay. */
export interface DatasetLists {
  readonly train: ListedSamples | undefined;
  readonly test: ListedSamples | undefined;
}

export const NO_LISTS: DatasetLists = { train: undefined, test: undefined };

/** Throws RangeError on files that are no data set. */
export function listDataset(files: DatasetFiles): DatasetLists {
  const { name, classes } = files;
  return {
    train: listSamples(datasetFromIdx(name, files.trainImages, files.trainLabels, classes)),
    test: listSamples(datasetFromIdx(name, files.testImages, files.testLabels, classes)),
  };
}

const THREAD = new URL('./listing-thread.js', import.meta.url);

/**
 * The same outside the calling thread, which is free meanwhile. Files that are no data set have no lists: whoever trains
 * on them will say what is wrong with them.
 */
export function listInThread(files: DatasetFiles): Promise<DatasetLists> {
  return new Promise((resolve) => {
    const thread = new Worker(THREAD, { workerData: files, name: 'listing' });
    thread.once('message', (lists: DatasetLists) => resolve(lists));
    thread.once('error', () => resolve(NO_LISTS));
    thread.once('exit', () => resolve(NO_LISTS));
  });
}
