/** The JSON object in a checkpoint that says what the tensors belong to and where training stood. */
import { SafetensorsError } from '../checkpoints/safetensors.ts';
import type { Augmentation } from '../datasets/augmentation.ts';
import type { Normalization } from '../datasets/normalization.ts';
import type { DataPreparation } from '../datasets/presentation.ts';
import type { MethodDescription } from '../recipes/method-description.ts';
import { parseMethodDescription } from '../recipes/method-parser.ts';
import type { BestEpoch, EpochSums, TrainingPosition } from './events.ts';
import type { EarlyStopping } from './options.ts';

/** What a training is, apart from how far it has come: two trainings that agree in it give the same bits. */
export interface TrainingIdentity {
  readonly method: MethodDescription;
  readonly seed: number;
  readonly dataset: string;
  readonly trainSamples: number;
  readonly validationSamples: number;
  readonly batchSize: number;
  readonly preparation: DataPreparation;
  readonly earlyStopping: EarlyStopping | undefined;
}

export interface CheckpointHeader extends TrainingIdentity {
  /** Name of the kernel set that computed it. */
  readonly kernelSet: string;
  readonly position: TrainingPosition;
}

const FORMAT = 2;

export function headerText(header: CheckpointHeader): string {
  const { kernelSet, position } = header;
  const { epoch, batch, sums, best, improved } = position;
  return JSON.stringify({
    format: FORMAT,
    ...JSON.parse(identityText(header)),
    kernelSet,
    position: {
      epoch,
      batch,
      sums: {
        samples: sums.samples,
        cost: sums.cost,
        correct: sums.correct,
        freeResidual: sums.freeResidual,
        nudgedResidual: sums.nudgedResidual,
        freeSteps: sums.freeSteps,
        nudgedSteps: sums.nudgedSteps,
      },
      best: bestFields(best),
      improved: bestFields(improved),
    },
  });
}

function bestFields(best: BestEpoch | undefined) {
  if (best === undefined) return null;
  const { epoch, validationAccuracy, validationCost, testAccuracy } = best;
  return { epoch, validationAccuracy, validationCost, testAccuracy };
}

/** Equal for equal trainings, whoever wrote their fields in which order. */
export function identityText(identity: TrainingIdentity): string {
  const { normalization, augmentation } = identity.preparation;
  const { earlyStopping } = identity;
  return JSON.stringify({
    method: parseMethodDescription(identity.method),
    seed: identity.seed,
    dataset: identity.dataset,
    trainSamples: identity.trainSamples,
    validationSamples: identity.validationSamples,
    batchSize: identity.batchSize,
    preparation: {
      normalization:
        normalization?.kind === 'per-channel'
          ? { kind: normalization.kind, deviationScale: normalization.deviationScale }
          : { kind: 'none' },
      augmentation:
        augmentation === undefined
          ? null
          : {
              cropPadding: augmentation.cropPadding,
              cropFill: augmentation.cropFill,
              flip: augmentation.flip,
            },
    },
    earlyStopping:
      earlyStopping === undefined
        ? null
        : { patienceEpochs: earlyStopping.patienceEpochs, leastImprovement: earlyStopping.leastImprovement },
  });
}

/** Throws SafetensorsError, or RangeError for a field of the method, naming the field. */
export function parseHeader(text: string | undefined): CheckpointHeader {
  const header = parseJson(text);
  if (header.format !== FORMAT) {
    throw new SafetensorsError(`checkpoint format ${String(header.format)} is not ${FORMAT}`);
  }
  return {
    method: parseMethodDescription(header.method),
    seed: countOf(header, 'seed'),
    dataset: stringOf(header, 'dataset'),
    trainSamples: countOf(header, 'trainSamples'),
    validationSamples: countOf(header, 'validationSamples'),
    batchSize: countOf(header, 'batchSize'),
    preparation: preparationOf(recordOf(header.preparation, 'preparation')),
    earlyStopping: earlyStoppingOf(header.earlyStopping),
    kernelSet: stringOf(header, 'kernelSet'),
    position: positionOf(recordOf(header.position, 'position')),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function preparationOf(fields: Fields): DataPreparation {
  const { augmentation } = fields;
  return {
    normalization: normalizationOf(recordOf(fields.normalization, 'preparation.normalization')),
    augmentation:
      augmentation === null ? undefined : augmentationOf(recordOf(augmentation, 'preparation.augmentation')),
  };
}

function normalizationOf(fields: Fields): Normalization {
  switch (fields.kind) {
    case 'none':
      return { kind: 'none' };
    case 'per-channel':
      return { kind: 'per-channel', deviationScale: numberOf(fields, 'deviationScale') };
    default:
      throw new SafetensorsError('preparation.normalization.kind is neither none nor per-channel');
  }
}

function augmentationOf(fields: Fields): Augmentation {
  const { cropFill, flip } = fields;
  if (cropFill !== 'edge' && cropFill !== 'zero') throw new SafetensorsError('cropFill is neither edge nor zero');
  if (typeof flip !== 'boolean') throw new SafetensorsError('flip is not true or false');
  return { cropPadding: countOf(fields, 'cropPadding'), cropFill, flip };
}

function earlyStoppingOf(value: unknown): EarlyStopping | undefined {
  if (value === null) return undefined;
  const fields = recordOf(value, 'earlyStopping');
  return {
    patienceEpochs: countOf(fields, 'patienceEpochs'),
    leastImprovement: numberOf(fields, 'leastImprovement'),
  };
}

function positionOf(position: Fields): TrainingPosition {
  const sums = recordOf(position.sums, 'position.sums');
  const epochSums: EpochSums = {
    samples: countOf(sums, 'samples'),
    cost: numberOf(sums, 'cost'),
    correct: countOf(sums, 'correct'),
    freeResidual: numberOf(sums, 'freeResidual'),
    nudgedResidual: numberOf(sums, 'nudgedResidual'),
    freeSteps: countOf(sums, 'freeSteps'),
    nudgedSteps: countOf(sums, 'nudgedSteps'),
  };
  return {
    epoch: countOf(position, 'epoch'),
    batch: countOf(position, 'batch'),
    sums: epochSums,
    best: bestOf(position.best, 'position.best'),
    improved: bestOf(position.improved, 'position.improved'),
  };
}

function bestOf(value: unknown, name: string): BestEpoch | undefined {
  if (value === null) return undefined;
  const best = recordOf(value, name);
  return {
    epoch: countOf(best, 'epoch'),
    validationAccuracy: numberOf(best, 'validationAccuracy'),
    validationCost: numberOf(best, 'validationCost'),
    testAccuracy: numberOf(best, 'testAccuracy'),
  };
}

function parseJson(text: string | undefined): Fields {
  if (text === undefined) throw new SafetensorsError('metadata has no entry `settle`');
  try {
    return recordOf(JSON.parse(text), 'settle');
  } catch {
    throw new SafetensorsError('metadata `settle` is not a JSON object');
  }
}

function recordOf(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null) throw new SafetensorsError(`${name} is not an object`);
  return Object.fromEntries(Object.entries(value));
}

function numberOf(record: Fields, name: string): number {
  const value = record[name];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new SafetensorsError(`${name} is not a number`);
  return value;
}

function countOf(record: Fields, name: string): number {
  const value = numberOf(record, name);
  if (!Number.isSafeInteger(value) || value < 0) throw new SafetensorsError(`${name} is not a whole number >= 0`);
  return value;
}

function stringOf(record: Fields, name: string): string {
  const value = record[name];
  if (typeof value !== 'string') throw new SafetensorsError(`${name} is not a string`);
  return value;
}
