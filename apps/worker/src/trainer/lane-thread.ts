/** One lane of a training: computes its share of whatever the trainer runs, until the kernels are released. */
import { isMainThread, workerData } from 'node:worker_threads';
import { type LaneService, serveLane } from '@settle/core';

if (isMainThread) throw new Error('a lane is a worker thread');
// The parser of this border: only ./lanes.ts starts this file, with a LaneService.
serveLane(workerData as LaneService);
