/** Labelled samples as training sees them. Bytes stay bytes: a batch is scaled when it is clamped. */
import type { ListedInputs } from '../kernels/kernel-set.ts';
import type { LayerShape } from '../kernels/network.ts';

/** What is not zero in every sample, see ./listed-samples.ts. */
export type ListedSamples = Pick<ListedInputs, 'offsets' | 'indices' | 'bytes'>;

export interface Dataset {
  readonly name: string;
  /** [sampleCount, channels, height, width]. */
  readonly inputs: Uint8Array;
  /** What a byte is multiplied by, e.g. 1/255. */
  readonly inputScale: number;
  /** [sampleCount], class numbers from 0. */
  readonly labels: Uint8Array;
  readonly sampleCount: number;
  /** Of one sample, as an input layer has it: [channels, height, width], or [features, 1, 1] where there is no image. */
  readonly shape: LayerShape;
  /** channels · height · width. */
  readonly featureCount: number;
  readonly classCount: number;
  /** Where somebody made lists; they may go on beyond the last sample. */
  readonly listed?: ListedSamples | undefined;
}

/** The first `sampleCount` samples, on the same bytes. Throws RangeError when there are fewer. */
export function firstSamples(dataset: Dataset, sampleCount: number): Dataset {
  if (!Number.isInteger(sampleCount) || sampleCount < 1 || sampleCount > dataset.sampleCount) {
    throw new RangeError(`${dataset.name} has ${dataset.sampleCount} samples, ${sampleCount} were asked for`);
  }
  return {
    ...dataset,
    inputs: dataset.inputs.subarray(0, sampleCount * dataset.featureCount),
    labels: dataset.labels.subarray(0, sampleCount),
    sampleCount,
  };
}
