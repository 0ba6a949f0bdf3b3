/** What a workload's training is made of. */
import type {
  GradientEstimator,
  InitializationDescription,
  NetworkDescription,
  NetworkKernels,
  Optimizer,
} from '@settle/core';

export interface WorkloadParts {
  readonly network: NetworkDescription;
  readonly initialization: InitializationDescription;
  readonly estimator: GradientEstimator;
  readonly optimizer: Optimizer;
  /** What fresh kernels are told before anything else. */
  prepare(kernels: NetworkKernels): void;
}
