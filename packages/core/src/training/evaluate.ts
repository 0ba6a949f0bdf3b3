/** Accuracy and cost of a network on a dataset: free phases only, the label is read and never shown. */
import { clampBatch } from '../datasets/batches.ts';
import type { Dataset } from '../datasets/dataset.ts';
import type { NetworkKernels } from '../kernels/kernel-set.ts';

export type Evaluation =
  | { readonly kind: 'evaluated'; readonly accuracy: number; readonly cost: number }
  | { readonly kind: 'stopped' };

export interface Readout {
  /** Sum over the batch of ½‖y − o‖². */
  readonly cost: number;
  /** Samples whose largest output is the label. */
  readonly correct: number;
}

export function evaluate(kernels: NetworkKernels, dataset: Dataset, freeSteps: number): Evaluation {
  let cost = 0;
  let correct = 0;
  for (let first = 0; first < dataset.sampleCount; first += kernels.batchCapacity) {
    const count = Math.min(kernels.batchCapacity, dataset.sampleCount - first);
    clampBatch(kernels, dataset, undefined, first, count);
    const report = kernels.settle({ beta: 0, steps: freeSteps, from: 'zeros', into: 'free' });
    if (report.kind === 'stopped') return report;
    const batch = readOut(kernels, count);
    cost += batch.cost;
    correct += batch.correct;
  }
  return { kind: 'evaluated', accuracy: correct / dataset.sampleCount, cost: cost / dataset.sampleCount };
}

/** Reads the free states of the output layer of the batch last clamped. */
export function readOut(kernels: NetworkKernels, samples: number): Readout {
  const { layerSizes } = kernels.network;
  const classes = layerSizes[layerSizes.length - 1];
  const outputs = kernels.readStates('free', layerSizes.length - 1);
  let cost = 0;
  let correct = 0;
  for (let sample = 0; sample < samples; sample++) {
    let best = 0;
    let label = 0;
    for (let unit = 0; unit < classes; unit++) {
      const output = outputs[sample * classes + unit];
      const wanted = kernels.labels[sample * kernels.labelStride + unit];
      cost += (wanted - output) ** 2 / 2;
      if (output > outputs[sample * classes + best]) best = unit;
      if (wanted === 1) label = unit;
    }
    if (best === label) correct++;
  }
  return { cost, correct };
}
