/** Copies samples of a dataset into the kernels' input and label rows. */
import type { NetworkKernels } from '../kernels/kernel-set.ts';
import type { Dataset } from './dataset.ts';

/** Clamps the samples `order[first … first + count)`; labels become one-hot rows. */
export function clampBatch(
  kernels: NetworkKernels,
  dataset: Dataset,
  order: Uint32Array | undefined,
  first: number,
  count: number,
): void {
  const { inputs, labels, labelStride } = kernels;
  const { featureCount, inputScale } = dataset;
  labels.fill(0);
  for (let row = 0; row < count; row++) {
    const sample = order === undefined ? first + row : order[first + row];
    const from = sample * featureCount;
    const to = row * featureCount;
    for (let i = 0; i < featureCount; i++) inputs[to + i] = dataset.inputs[from + i] * inputScale;
    labels[row * labelStride + dataset.labels[sample]] = 1;
  }
  kernels.clamp(count);
}
