/**
 * A checkpoint: everything from which training goes on, or a network is used, as one safetensors file.
 *
 * Tensors `weights.k` [size k, size k + 1] and `biases.k` [size k] for k >= 1; metadata `settle` holds one JSON object
 * with method, seed and position. Tensors keep the element type of the kernels, so that resuming loses no bit. There is no
 * time and no host in it: the same training gives the same bytes.
 */
import { type NamedTensor, readSafetensors, SafetensorsError, writeSafetensors } from '../checkpoints/safetensors.ts';
import type { ParameterValues } from '../kernels/kernel-set.ts';
import type { MethodDescription } from '../recipes/method-description.ts';
import { parseMethodDescription } from '../recipes/method-parser.ts';
import type { EpochSums, TrainingPosition } from './events.ts';

export interface Checkpoint {
  readonly method: MethodDescription;
  /** Name of the kernel set that computed it. */
  readonly kernelSet: string;
  readonly seed: number;
  readonly dataset: string;
  readonly batchSize: number;
  readonly position: TrainingPosition;
  readonly parameters: ParameterValues;
}

const FORMAT = 1;

export function encodeCheckpoint({ parameters, ...rest }: Checkpoint): Uint8Array {
  const { layerSizes } = rest.method;
  const tensors = layerSizes.slice(1).flatMap((above, k): NamedTensor[] => [
    { name: `weights.${k}`, shape: [layerSizes[k], above], values: parameters.weights[k] },
    { name: `biases.${k + 1}`, shape: [above], values: parameters.biases[k] },
  ]);
  return writeSafetensors({ metadata: { settle: JSON.stringify({ format: FORMAT, ...rest }) }, tensors });
}

/** Throws SafetensorsError or RangeError, with the reason, on a file that is not a checkpoint of ours. */
export function decodeCheckpoint(file: Uint8Array): Checkpoint {
  const { metadata, tensors } = readSafetensors(file);
  const header = parseJson(metadata.settle);
  if (header.format !== FORMAT)
    throw new SafetensorsError(`checkpoint format ${String(header.format)} is not ${FORMAT}`);
  const method = parseMethodDescription(header.method);
  const find = (name: string, shape: readonly number[]): ParameterValues['weights'][number] => {
    const tensor = tensors.find((candidate) => candidate.name === name);
    if (tensor?.shape.join() !== shape.join())
      throw new SafetensorsError(`${name} of shape [${shape.join(', ')}] is missing`);
    return tensor.values;
  };
  const pairs = method.layerSizes.slice(1).map((above, k) => ({ below: method.layerSizes[k], above, k }));
  return {
    method,
    kernelSet: parseString(header, 'kernelSet'),
    seed: parseCount(header, 'seed'),
    dataset: parseString(header, 'dataset'),
    batchSize: parseCount(header, 'batchSize'),
    position: parsePosition(header.position),
    parameters: {
      weights: pairs.map(({ below, above, k }) => find(`weights.${k}`, [below, above])),
      biases: pairs.map(({ above, k }) => find(`biases.${k + 1}`, [above])),
    },
  };
}

function parseJson(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined) throw new SafetensorsError('metadata has no entry `settle`');
  try {
    return parseRecord(JSON.parse(text), 'settle');
  } catch {
    throw new SafetensorsError('metadata `settle` is not a JSON object');
  }
}

function parsePosition(value: unknown): TrainingPosition {
  const position = parseRecord(value, 'position');
  const sums = parseRecord(position.sums, 'position.sums');
  const epochSums: EpochSums = {
    samples: parseCount(sums, 'samples'),
    cost: parseNumber(sums, 'cost'),
    correct: parseCount(sums, 'correct'),
    residual: parseNumber(sums, 'residual'),
  };
  return { epoch: parseCount(position, 'epoch'), batch: parseCount(position, 'batch'), sums: epochSums };
}

function parseRecord(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new SafetensorsError(`${name} is not an object`);
  return Object.fromEntries(Object.entries(value));
}

function parseNumber(record: Readonly<Record<string, unknown>>, name: string): number {
  const value = record[name];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new SafetensorsError(`${name} is not a number`);
  return value;
}

function parseCount(record: Readonly<Record<string, unknown>>, name: string): number {
  const value = parseNumber(record, name);
  if (!Number.isSafeInteger(value) || value < 0) throw new SafetensorsError(`${name} is not a whole number >= 0`);
  return value;
}

function parseString(record: Readonly<Record<string, unknown>>, name: string): string {
  const value = record[name];
  if (typeof value !== 'string') throw new SafetensorsError(`${name} is not a string`);
  return value;
}
