/** Shows samples of a dataset to kernels: by their lists where there are any, otherwise as rows. */
import type { NetworkKernels } from '../kernels/kernel-set.ts';
import { writeMoved } from './augmentation.ts';
import type { Dataset } from './dataset.ts';
import { levelsOfLists, orderOfItsOwn } from './listed-samples.ts';
import { BYTE_VALUES } from './normalization.ts';
import type { Presentation } from './presentation.ts';

/**
 * Clamps the samples `order[first … first + count)`, all in their own order where `order` is undefined; labels become
 * one-hot rows. Without a presentation an input is byte · inputScale. What was in the rows of inputs may stay there.
 */
export function clampBatch(
  kernels: NetworkKernels,
  dataset: Dataset,
  order: Uint32Array | undefined,
  first: number,
  count: number,
  presentation?: Presentation,
): void {
  const { labels, labelStride } = kernels;
  labels.fill(0);
  const { listed } = dataset;
  const levels = listed && levelsOfLists(kernels, dataset, presentation);
  for (let row = 0; row < count; row++) {
    const sample = order === undefined ? first + row : order[first + row];
    if (levels === undefined) showSample(kernels, dataset, sample, row, presentation);
    labels[row * labelStride + dataset.labels[sample]] = 1;
  }
  if (listed === undefined || levels === undefined) kernels.clamp(count);
  else {
    const { offsets, indices, bytes } = listed;
    const shown = order ?? orderOfItsOwn(dataset.sampleCount);
    kernels.clampListed(count, { offsets, indices, bytes, levels, order: shown, first });
  }
}

function showSample(
  { inputs }: NetworkKernels,
  dataset: Dataset,
  sample: number,
  row: number,
  presentation: Presentation | undefined,
): void {
  const { inputs: bytes, featureCount, inputScale, shape } = dataset;
  const from = sample * featureCount;
  const to = row * featureCount;
  if (presentation === undefined) {
    for (let i = 0; i < featureCount; i++) inputs[to + i] = bytes[from + i] * inputScale;
    return;
  }
  const { levels, moves } = presentation;
  if (moves !== undefined) {
    writeMoved(inputs, to, bytes, from, shape, levels, moves.of(sample), moves.cropFill);
    return;
  }
  const [channels, height, width] = shape;
  const pixels = height * width;
  for (let channel = 0; channel < channels; channel++) {
    const level = channel * BYTE_VALUES;
    const end = (channel + 1) * pixels;
    for (let i = channel * pixels; i < end; i++) inputs[to + i] = levels[level + bytes[from + i]];
  }
}
