/** Accuracy and cost of a network on a dataset: free phases only, the label is read and never shown. */
import { clampBatch } from '../datasets/batches.ts';
import type { Dataset } from '../datasets/dataset.ts';
import type { Presentation } from '../datasets/presentation.ts';
import { FREE, type GradientEstimator } from '../estimators/gradient-estimator.ts';
import type { NetworkKernels } from '../kernels/kernel-set.ts';
import { unitsOf } from '../kernels/network.ts';

export type Evaluation =
  | {
      readonly kind: 'evaluated';
      readonly accuracy: number;
      readonly cost: number;
      /** Share of each class's samples that were recognized; NaN for a class without any. */
      readonly recall: readonly number[];
    }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'not-finite'; readonly layer: number; readonly step: number };

export interface Readout {
  /** Sum over the batch of ½‖y − o‖², or of −Σ y ln p for a softmax read-out. */
  readonly cost: number;
  /** Samples whose largest output is the label. */
  readonly correct: number;
}

/** Settles every sample from zero states. */
export function evaluate(
  kernels: NetworkKernels,
  estimator: GradientEstimator,
  dataset: Dataset,
  presentation: Presentation | undefined,
): Evaluation {
  const { batchCapacity } = kernels.workspace;
  const recognized = new Float64Array(dataset.classCount);
  const present = new Float64Array(dataset.classCount);
  const readOut = outputReader(kernels);
  let cost = 0;
  let correct = 0;
  for (let first = 0; first < dataset.sampleCount; first += batchCapacity) {
    const count = Math.min(batchCapacity, dataset.sampleCount - first);
    clampBatch(kernels, dataset, undefined, first, count, presentation);
    const report = estimator.settleFreely(kernels, 'zeros', count);
    if (report.kind !== 'settled') return report;
    const batch = readOut(count, (label, isRight) => {
      present[label]++;
      if (isRight) recognized[label]++;
    });
    cost += batch.cost;
    correct += batch.correct;
  }
  return {
    kind: 'evaluated',
    accuracy: correct / dataset.sampleCount,
    cost: cost / dataset.sampleCount,
    recall: Array.from(recognized, (count, label) => count / present[label]),
  };
}

/** Keeps the logarithm of a probability that has underflowed finite. */
const SMALLEST_PROBABILITY = 1e-300;

/**
 * Reads the free states of the output layer of the batch last clamped; `visit` is called once a sample. What it needs to
 * read them is made once, for it is asked after every batch.
 */
export function outputReader(
  kernels: NetworkKernels,
): (samples: number, visit?: (label: number, isRight: boolean) => void) => Readout {
  const { network, workspace, labels, labelStride } = kernels;
  const last = network.layers.length - 1;
  const classes = unitsOf(network.layers[last]);
  const isSquared = network.readout === 'squared-error';
  const outputs = new Float64Array(workspace.batchCapacity * classes);
  return (samples, visit) => {
    kernels.readStatesInto(FREE, last, outputs);
    let cost = 0;
    let correct = 0;
    for (let sample = 0; sample < samples; sample++) {
      const row = sample * classes;
      const wantedRow = sample * labelStride;
      let best = 0;
      let label = 0;
      for (let unit = 0; unit < classes; unit++) {
        const output = outputs[row + unit];
        const wanted = labels[wantedRow + unit];
        if (isSquared) cost += (wanted - output) ** 2 / 2;
        else if (wanted > 0) cost -= wanted * Math.log(Math.max(output, SMALLEST_PROBABILITY));
        if (output > outputs[row + best]) best = unit;
        if (wanted === 1) label = unit;
      }
      if (best === label) correct++;
      visit?.(label, best === label);
    }
    return { cost, correct };
  };
}
