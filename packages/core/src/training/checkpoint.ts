/**
 * A checkpoint: everything from which training goes on, or a network is used, as one safetensors file.
 *
 *   weights.k, biases.l, feedback.k     parameters of connection k and layer l, shapes as ../kernels/network.ts says
 *   optimizer.m.<parameter>             what the optimizer remembers in buffer m of a parameter
 *   states.l                            states that training carries, [rows, units], where it carries any
 *
 * Metadata `settle` holds one JSON object: the method, what it is trained on, and the position. Tensors keep the element
 * type of the kernels, so that resuming loses no bit. There is no time and no host in it: the same training gives the same
 * bytes.
 */
import { type NamedTensor, readSafetensors, SafetensorsError, writeSafetensors } from '../checkpoints/safetensors.ts';
import type { ParameterValues, Values } from '../kernels/kernel-set.ts';
import {
  biasCount,
  type Connection,
  feedsBack,
  feedsForward,
  type NetworkDescription,
  unitsOf,
  weightShape,
} from '../kernels/network.ts';
import { modelFrom } from '../models/catalogue.ts';
import { type CheckpointHeader, headerText, parseHeader } from './checkpoint-header.ts';
import { parameterName } from './parameter-names.ts';

export interface Checkpoint extends CheckpointHeader {
  readonly parameters: ParameterValues;
  /** What the optimizer remembers, one set of values per buffer behind the gradients. */
  readonly optimizerBuffers: readonly ParameterValues[];
  /** By layer from 1; empty where training carries none. */
  readonly carriedStates: readonly Values[];
}

export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { parameters, optimizerBuffers, carriedStates, ...header } = checkpoint;
  const { network } = modelFrom(header.method.model, header.method.network);
  const states = carriedStates.map((values, k): NamedTensor => {
    const units = unitsOf(network.layers[k + 1]);
    return { name: `states.${k + 1}`, shape: [values.length / units, units], values };
  });
  return writeSafetensors({
    metadata: { settle: headerText(header) },
    tensors: [
      ...tensorsOf(network, '', parameters),
      ...optimizerBuffers.flatMap((values, k) => tensorsOf(network, `optimizer.${k + 1}.`, values)),
      ...states,
    ],
  });
}

/** Throws SafetensorsError or RangeError, with the reason, on a file that is not a checkpoint of ours. */
export function decodeCheckpoint(file: Uint8Array): Checkpoint {
  const { metadata, tensors } = readSafetensors(file);
  const header = parseHeader(metadata.settle);
  const { network } = modelFrom(header.method.model, header.method.network);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const find = (name: string, shape: readonly number[]): Values => {
    const tensor = byName.get(name);
    if (tensor?.shape.join() !== shape.join()) {
      throw new SafetensorsError(`${name} of shape [${shape.join(', ')}] is missing`);
    }
    return tensor.values;
  };
  const buffers: ParameterValues[] = [];
  while (byName.has(`optimizer.${buffers.length + 1}.weights.0`)) {
    buffers.push(valuesOf(network, `optimizer.${buffers.length + 1}.`, find));
  }
  const carriedStates: Values[] = [];
  for (let layer = 1; byName.has(`states.${layer}`); layer++) {
    const rows = byName.get(`states.${layer}`)?.shape[0] ?? 0;
    if (layer >= network.layers.length) throw new SafetensorsError(`states.${layer} belong to no layer`);
    carriedStates.push(find(`states.${layer}`, [rows, unitsOf(network.layers[layer])]));
  }
  return { ...header, parameters: valuesOf(network, '', find), optimizerBuffers: buffers, carriedStates };
}

interface NamedShape {
  readonly name: string;
  readonly shape: readonly number[];
}

function shapesOf(network: NetworkDescription, prefix: string) {
  const { connections, layers, feedback } = network;
  // A connection that leads one way only has nothing to save for the other.
  const named = (kind: 'weights' | 'feedback', has: (connection: Connection) => boolean) =>
    connections.map((connection, index): NamedShape => {
      const name = prefix + parameterName({ kind, index });
      return { name, shape: has(connection) ? weightShape(network, connection) : [0] };
    });
  return {
    weights: named('weights', feedsForward),
    biases: layers.slice(1).map((shape, k): NamedShape => {
      return { name: prefix + parameterName({ kind: 'biases', index: k + 1 }), shape: [biasCount(shape)] };
    }),
    feedback: feedback === 'symmetric' ? [] : named('feedback', (connection) => feedsBack(network, connection)),
  };
}

function tensorsOf(network: NetworkDescription, prefix: string, values: ParameterValues): readonly NamedTensor[] {
  const shapes = shapesOf(network, prefix);
  const kinds = ['weights', 'biases', 'feedback'] as const;
  return kinds.flatMap((kind) =>
    shapes[kind].map(({ name, shape }, k): NamedTensor => {
      return { name, shape, values: values[kind][k] };
    }),
  );
}

function valuesOf(
  network: NetworkDescription,
  prefix: string,
  find: (name: string, shape: readonly number[]) => Values,
): ParameterValues {
  const shapes = shapesOf(network, prefix);
  const read = ({ name, shape }: NamedShape) => find(name, shape);
  return {
    weights: shapes.weights.map(read),
    biases: shapes.biases.map(read),
    feedback: shapes.feedback.map(read),
  };
}
