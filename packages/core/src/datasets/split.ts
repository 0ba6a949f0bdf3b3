/** Holding samples out of training, so that choices are not made on the test data. */
import { type Dataset, firstSamples } from './dataset.ts';
import { listsFrom } from './listed-samples.ts';

export interface Split {
  readonly train: Dataset;
  /** The last samples; undefined when none are held out. */
  readonly validation: Dataset | undefined;
}

/** Holds out the last `validationSamples`. Throws RangeError when nothing is left to train on. */
export function splitDataset(dataset: Dataset, validationSamples: number): Split {
  if (validationSamples === 0) return { train: dataset, validation: undefined };
  const kept = dataset.sampleCount - validationSamples;
  return {
    train: firstSamples(dataset, kept),
    validation: {
      ...dataset,
      inputs: dataset.inputs.subarray(kept * dataset.featureCount),
      labels: dataset.labels.subarray(kept),
      sampleCount: validationSamples,
      listed: dataset.listed && listsFrom(dataset.listed, kept),
    },
  };
}
