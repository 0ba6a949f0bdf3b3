/**
 * What does a byte become before it is clamped? With x = byte · inputScale, channel by channel:
 *
 *   none          x
 *   per-channel   (x − mean) / (deviationScale · standard deviation)
 *
 * Mean and standard deviation are those of the training data, for test data too: a network must not see by how much the
 * test data differ. A byte has 256 values, so a table of them is the whole of it.
 */
import type { Dataset } from './dataset.ts';

export type Normalization =
  | { readonly kind: 'none' }
  /** `deviationScale`: standard deviations per unit of input, > 0; 3 keeps most inputs within ±1. */
  | { readonly kind: 'per-channel'; readonly deviationScale: number };

/** Of x, over all pixels of a channel in all samples. */
export interface ChannelStatistics {
  readonly mean: number;
  /** With the number of pixels as divisor; exactly 0 where they are all alike. */
  readonly standardDeviation: number;
}

export const BYTE_VALUES = 256;

/** The table of a normalization fitted to `train`: [channels, 256], what each byte of each channel becomes. */
export function byteLevels(normalization: Normalization, train: Dataset): Float64Array {
  const [channels] = train.shape;
  const levels = new Float64Array(channels * BYTE_VALUES);
  const fill = (channel: number, level: (x: number) => number) => {
    for (let byte = 0; byte < BYTE_VALUES; byte++)
      levels[channel * BYTE_VALUES + byte] = level(byte * train.inputScale);
  };
  switch (normalization.kind) {
    case 'none':
      for (let channel = 0; channel < channels; channel++) fill(channel, (x) => x);
      return levels;
    case 'per-channel': {
      const { deviationScale } = normalization;
      if (!(deviationScale > 0 && Number.isFinite(deviationScale))) {
        throw new RangeError(`the scale of the standard deviation is a number > 0, got ${deviationScale}`);
      }
      for (const [channel, { mean, standardDeviation }] of channelStatistics(train).entries()) {
        // A channel without variation has no scale of its own: it is centred, and left as it is otherwise.
        const divisor = standardDeviation === 0 ? 1 : deviationScale * standardDeviation;
        fill(channel, (x) => (x - mean) / divisor);
      }
      return levels;
    }
    default:
      normalization satisfies never;
      throw new Error('unreachable normalization');
  }
}

/**
 * From counts of bytes: all sums over pixels are of whole numbers and exact, whatever the order. Throws RangeError when
 * there are no samples.
 */
export function channelStatistics(dataset: Dataset): ChannelStatistics[] {
  const { inputs, sampleCount, featureCount, inputScale } = dataset;
  const [channels, height, width] = dataset.shape;
  const pixels = height * width;
  if (sampleCount < 1) throw new RangeError(`${dataset.name} has no samples to take a mean of`);
  return Array.from({ length: channels }, (_, channel) => {
    const counts = new Float64Array(BYTE_VALUES);
    for (let sample = 0; sample < sampleCount; sample++) {
      const from = sample * featureCount + channel * pixels;
      for (let at = from; at < from + pixels; at++) counts[inputs[at]]++;
    }
    const total = sampleCount * pixels;
    const mean = counts.reduce((sum, count, byte) => sum + count * byte, 0) / total;
    const variance = counts.reduce((sum, count, byte) => sum + count * (byte - mean) ** 2, 0) / total;
    return { mean: mean * inputScale, standardDeviation: Math.sqrt(variance) * inputScale };
  });
}
