/** Lists one data set, posts the lists and ends. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { DatasetFiles } from '@settle/store';
import { listDataset } from './dataset-lists.ts';

if (isMainThread || parentPort === null) throw new Error('data sets are listed in a worker thread');
// The parser of this border: only ./dataset-lists.ts starts this file, with the files of a data set.
parentPort.postMessage(listDataset(workerData as DatasetFiles));
