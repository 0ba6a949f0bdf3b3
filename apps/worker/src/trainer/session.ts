/** From a job's specification and data to a training session of core. */
import type { DatasetSection, JobSpec } from '@settle/contracts';
import {
  type DataPreparation,
  type Dataset,
  datasetFromIdx,
  type EarlyStopping,
  firstSamples,
  openSession,
  referenceKernels,
  type SessionOptions,
  splitDataset,
} from '@settle/core';
import { kernelsNamed } from './kernels.ts';
import { lanesOf } from './lanes.ts';
import type { TrainerInput } from './messages.ts';
import { methodOf } from './recipes.ts';

/** Throws RangeError, with the reason, when core refuses settings, data or checkpoint. */
export function openJobSession(input: TrainerInput): ReturnType<typeof openSession> {
  return openSession(sessionOptions(input));
}

function sessionOptions(input: TrainerInput): SessionOptions {
  const { spec, dataset, lists, kernels, lanes, memory, resumeFrom } = input;
  const { name, classes } = dataset;
  const given = {
    ...datasetFromIdx(name, dataset.trainImages, dataset.trainLabels, classes),
    listed: lists.train,
  };
  const test = { ...datasetFromIdx(name, dataset.testImages, dataset.testLabels, classes), listed: lists.test };
  const { train, validation } = splitDataset(
    limited(given, spec.dataset.train_samples),
    spec.dataset.validation_samples,
  );
  const { diagnostics } = spec.training;
  return {
    method: methodOf(spec),
    kernelSet: kernelsNamed(kernels),
    reference: referenceKernels,
    memory,
    lanes: lanesOf(lanes),
    train,
    validation,
    test: limited(test, spec.dataset.test_samples),
    preparation: preparationOf(spec.dataset),
    seed: spec.seed,
    epochs: spec.training.epochs,
    batchSize: spec.training.batch_size,
    checkpointEveryEpochs: spec.training.checkpoint_every_epochs,
    earlyStopping: earlyStoppingOf(spec),
    diagnostics: { everyEpochs: diagnostics.every_epochs, gradientCosine: diagnostics.gradient_cosine },
    resumeFrom,
  };
}

/** What changes nothing is left out, so that it is not part of what a checkpoint says of the training. */
export function preparationOf({ augmentation, normalization }: DatasetSection): DataPreparation {
  const { crop_padding: cropPadding, crop_fill: cropFill, flip } = augmentation;
  return {
    ...(normalization.kind === 'none'
      ? {}
      : { normalization: { kind: normalization.kind, deviationScale: normalization.deviation_scale } }),
    ...(cropPadding === 0 && !flip ? {} : { augmentation: { cropPadding, cropFill, flip } }),
  };
}

function earlyStoppingOf({ training }: JobSpec): EarlyStopping | undefined {
  const { early_stopping: wanted } = training;
  if (wanted === null) return undefined;
  return { patienceEpochs: wanted.patience_epochs, leastImprovement: wanted.least_improvement };
}

function limited(dataset: Dataset, samples: number | undefined): Dataset {
  return samples === undefined ? dataset : firstSamples(dataset, samples);
}
