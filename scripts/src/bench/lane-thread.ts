/** A lane of kernels that bring no threads of their own. */
import { workerData } from 'node:worker_threads';
import { type LaneService, serveLane } from '@settle/core';

// The parser of this border: only ./kernel-sets.ts starts this file, with a LaneService.
serveLane(workerData as LaneService);
