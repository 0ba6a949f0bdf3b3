/** One step of training as the product does it for a batch: show the samples, estimate, move the parameters. */
import {
  type ArenaMemory,
  clampBatch,
  createArenaMemory,
  type Dataset,
  initialParameters,
  type KernelSet,
  type Lanes,
  type NetworkKernels,
  openArena,
  permutation,
  randomStream,
  type Workspace,
} from '@settle/core';
import type { WorkloadParts } from './workload-parts.ts';

const SEED = 1;

export interface OpenedTraining {
  readonly kernels: NetworkKernels;
  /** Trains on the next `samples` of the shuffled data, from the first again where they end. Throws where it diverges. */
  step(samples: number): void;
  /** Back to the parameters before the first step, and to the first samples. */
  restart(): void;
  close(): void;
}

function workspaceOfParts({ estimator, optimizer }: WorkloadParts, batch: number): Workspace {
  return {
    batchCapacity: batch,
    slots: estimator.slots,
    parameterBuffers: optimizer.parameterBuffers,
    complexStates: estimator.complexStates,
    anderson: estimator.anderson,
  };
}

export function openTraining(
  parts: WorkloadParts,
  kernelSet: KernelSet,
  lanes: Lanes,
  dataset: Dataset,
  batch: number,
): OpenedTraining {
  const { network, estimator, optimizer, initialization } = parts;
  const workspace = workspaceOfParts(parts, batch);
  const memory: ArenaMemory = createArenaMemory(kernelSet.predictBytes(network, workspace));
  const kernels = kernelSet.build(network, workspace, openArena(memory), lanes);
  parts.prepare(kernels);
  const initial = initialParameters(initialization, network, randomStream(SEED, 'init'));
  const order = permutation(randomStream(SEED, 'shuffle').split(0), dataset.sampleCount);
  const signs = randomStream(SEED, 'sign');
  const draws = randomStream(SEED, 'estimator');
  let at = 0;
  let steps = 0;

  const restart = (): void => {
    at = 0;
    steps = 0;
    kernels.writeParameters(initial);
    for (const { buffers } of kernels.parameters) for (const values of buffers) values.fill(0);
  };
  restart();

  return {
    kernels,
    restart,
    close: () => kernels.release(),
    step(samples) {
      if (at + samples > dataset.sampleCount) at = 0;
      clampBatch(kernels, dataset, order, at, samples);
      const sign = signs.uniform(steps) < 0.5 ? 1 : -1;
      const draw = { sign, stream: draws.split(steps), start: 'zeros', samples } as const;
      const estimate = estimator.estimate(kernels, draw, (gradient) => {
        optimizer.update(kernels, gradient, {
          samples,
          updates: steps,
          epochs: steps * (samples / dataset.sampleCount),
        });
      });
      if (estimate.kind !== 'estimated') throw new Error(`step ${steps + 1} ended as ${JSON.stringify(estimate)}`);
      at += samples;
      steps++;
    },
  };
}
