/** Parameters where kernels read them, and their way in and out. */
import {
  checkParameters,
  type ParameterTensor,
  type ParameterValues,
  type Values,
  type Workspace,
} from '../kernel-set.ts';
import type { NetworkDescription } from '../network.ts';
import type { LayerPlace } from './places.ts';
import { lengthOf, placesOf, type Storage } from './storage.ts';
import type { Tensor, TensorAllocator } from './tensors.ts';

export interface Parameter extends Tensor {
  readonly kind: ParameterTensor['kind'];
  readonly index: number;
  readonly storage: Storage;
  readonly buffers: readonly Tensor[];
  /** Changes before they are made, where contrasts read what they change: predictions do. */
  readonly changes: Tensor | undefined;
}

interface Owner {
  readonly network: NetworkDescription;
  readonly workspace: Workspace;
}

export function layOutParameter(
  kind: ParameterTensor['kind'],
  index: number,
  storage: Storage,
  { network, workspace: { parameterBuffers } }: Owner,
  tensors: TensorAllocator,
): Parameter {
  const length = lengthOf(storage);
  return {
    kind,
    index,
    storage,
    ...tensors.vector(length),
    buffers: Array.from({ length: parameterBuffers }, () => tensors.vector(length)),
    changes: network.dynamics.kind === 'prediction-error' ? tensors.vector(length) : undefined,
  };
}

export function layOutBiases(layer: number, above: LayerPlace, owner: Owner, tensors: TensorAllocator): Parameter {
  return layOutParameter('biases', layer, { kind: 'channels', above }, owner, tensors);
}

/** As optimizers see them. */
export function liveTensors(parameters: readonly Parameter[]): readonly ParameterTensor[] {
  return parameters.map(({ kind, index, values, buffers }) => ({
    kind,
    index,
    values,
    buffers: buffers.map((buffer) => buffer.values),
  }));
}

/** One of the copies of a parameter: itself, or what one of its buffers holds. Throws RangeError for a buffer that is not there. */
export type Copy = (parameter: Parameter) => Tensor;

export const THEMSELVES: Copy = (parameter) => parameter;

export function bufferOf(buffer: number): Copy {
  return ({ buffers }) => {
    const tensor = buffers[buffer];
    if (tensor === undefined) throw new RangeError(`this workspace has no parameter buffer ${buffer}`);
    return tensor;
  };
}

export const changesOf: Copy = ({ changes }) => {
  if (changes === undefined) throw new Error('nothing was laid out for changes');
  return changes;
};

export function readParameters(parameters: readonly Parameter[], copy: Copy): ParameterValues {
  const kindOf = (kind: ParameterTensor['kind']) =>
    parameters.filter((parameter) => parameter.kind === kind).map((parameter) => gathered(parameter, copy));
  return { weights: kindOf('weights'), biases: kindOf('biases'), feedback: kindOf('feedback') };
}

function gathered(parameter: Parameter, copy: Copy): Values {
  const { values } = copy(parameter);
  const places = placesOf(parameter.storage);
  const read = values instanceof Float32Array ? new Float32Array(places.length) : new Float64Array(places.length);
  for (let k = 0; k < places.length; k++) read[k] = values[places[k]];
  return read;
}

/** Throws RangeError when a shape does not fit, and writes nothing then. */
export function writeParameters(
  network: NetworkDescription,
  parameters: readonly Parameter[],
  copy: Copy,
  given: ParameterValues,
): void {
  checkParameters(network, given);
  const ordered = [...given.weights, ...given.biases, ...given.feedback];
  const copies = parameters.map(copy);
  parameters.forEach(({ storage }, k) => {
    const { values } = copies[k];
    placesOf(storage).forEach((place, entry) => {
      values[place] = ordered[k][entry];
    });
  });
}
