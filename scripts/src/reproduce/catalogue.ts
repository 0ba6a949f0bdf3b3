/** Every published number that can be measured again. A further one is an entry in one of these files. */
import type { Experiment } from './experiment.ts';
import { MNIST_EXPERIMENTS } from './mnist-experiments.ts';
import { STEP_BY_STEP_EXPERIMENT } from './step-by-step-experiment.ts';

export const EXPERIMENTS: readonly Experiment[] = [...MNIST_EXPERIMENTS, STEP_BY_STEP_EXPERIMENT];
