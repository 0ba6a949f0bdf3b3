/** Does a job fit its data: features, classes, numbers of samples, moves of images? */
import { MAXIMUM_STEPS } from '../limits.ts';
import type { Fault } from '../problem.ts';
import { isObject } from '../schema/union-branch.ts';
import { listAt, numberAt, valueAt } from './body-reader.ts';
import { type NetworkOutline, unitsOf } from './network-outline.ts';

/** What a job must know of its dataset to be checked against it. */
export interface DatasetShape {
  readonly name: string;
  readonly features: number;
  readonly classes: number;
  readonly trainSamples: number;
  readonly testSamples: number;
}

export function dataFaults(body: unknown, outline: NetworkOutline | undefined, dataset: DatasetShape): Fault[] {
  return [...shapeFaults(outline, dataset), ...sampleFaults(body, dataset), ...stepFaults(body, dataset)];
}

function shapeFaults(outline: NetworkOutline | undefined, dataset: DatasetShape): Fault[] {
  if (outline === undefined) return [];
  const { shapes } = outline;
  const faults: Fault[] = [];
  const [input, output] = [shapes[0], shapes.at(-1)];
  if (input !== undefined && unitsOf(input) !== dataset.features) {
    faults.push({
      pointer: '/network/layers/0',
      code: 'input_size_mismatch',
      detail: `${dataset.name} has ${dataset.features} features, the input layer ${unitsOf(input)} units`,
    });
  }
  if (output !== undefined && unitsOf(output) !== dataset.classes) {
    faults.push({
      pointer: `/network/layers/${shapes.length - 1}`,
      code: 'output_size_mismatch',
      detail: `${dataset.name} has ${dataset.classes} classes, the output layer ${unitsOf(output)} units`,
    });
  }
  return faults;
}

function sampleFaults(body: unknown, dataset: DatasetShape): Fault[] {
  const available = { train_samples: dataset.trainSamples, test_samples: dataset.testSamples };
  const tooMany = Object.entries(available).flatMap(([key, count]): Fault[] => {
    const asked = numberAt(body, 'dataset', key);
    if (asked === undefined || asked <= count) return [];
    return [{ pointer: `/dataset/${key}`, code: 'too_many_samples', detail: `${dataset.name} has ${count}` }];
  });
  const train = numberAt(body, 'dataset', 'train_samples') ?? dataset.trainSamples;
  const heldOut = numberAt(body, 'dataset', 'validation_samples') ?? 0;
  if (heldOut <= 0 || heldOut < train) return tooMany;
  const detail = `of ${train} training samples ${heldOut} are held out, and none is left to train on`;
  return [...tooMany, { pointer: '/dataset/validation_samples', code: 'no_training_samples', detail }];
}

/** Samples that a job trains on; undefined where that depends on data that are not known. */
export function trainedSamples(body: unknown, dataset: DatasetShape | undefined): number | undefined {
  const asked = numberAt(body, 'dataset', 'train_samples') ?? dataset?.trainSamples;
  return asked === undefined ? undefined : asked - (numberAt(body, 'dataset', 'validation_samples') ?? 0);
}

function stepFaults(body: unknown, dataset: DatasetShape): Fault[] {
  const epochs = numberAt(body, 'training', 'epochs');
  const batchSize = numberAt(body, 'training', 'batch_size');
  const samples = trainedSamples(body, dataset);
  if (epochs === undefined || batchSize === undefined || samples === undefined || batchSize < 1) return [];
  const steps = epochs * Math.ceil(samples / batchSize);
  if (steps <= MAXIMUM_STEPS) return [];
  const detail = `${steps} batches in all; at most ${MAXIMUM_STEPS} are allowed`;
  return [{ pointer: '/training/epochs', code: 'too_many_steps', detail }];
}

/** Images are moved as the input layer has them. */
export function augmentationFaults(body: unknown, outline: NetworkOutline): Fault[] {
  const augmentation = valueAt(body, 'dataset', 'augmentation');
  const padding = numberAt(augmentation, 'crop_padding') ?? 0;
  const flips = valueAt(augmentation, 'flip') === true;
  const first = listAt(body, 'network', 'layers')?.[0];
  if (!Array.isArray(first) && !isObject(first)) {
    const detail = 'needs images: the first layer is [channels, height, width]';
    return [...(padding > 0 ? ['crop_padding'] : []), ...(flips ? ['flip'] : [])].map((key) => ({
      pointer: `/dataset/augmentation/${key}`,
      code: 'needs_images',
      detail,
    }));
  }
  const [input] = outline.shapes;
  if (input === undefined || padding === 0 || padding < Math.min(input[1], input[2])) return [];
  const detail = `images of ${input[1]} x ${input[2]} cannot be shifted by ${padding}`;
  return [{ pointer: '/dataset/augmentation/crop_padding', code: 'crop_too_large', detail }];
}
