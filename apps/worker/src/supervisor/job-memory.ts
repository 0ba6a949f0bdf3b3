/** How much memory will a job take? Known before it starts, so that it is refused and not ended by the machine. */
import { totalmem } from 'node:os';
import { type KernelSet, type Method, sessionBytes, sessionCarriedBytes } from '@settle/core';

export interface JobMemory {
  /** Of the arena, in which everything lies that kernels compute with. */
  readonly arenaBytes: number;
  /** Besides: states carried from phase to phase, and one checkpoint on its way to storage. */
  readonly besideBytes: number;
}

export function jobMemory(
  method: Method,
  kernels: KernelSet,
  rows: { readonly samples: number; readonly batchSize: number },
): JobMemory {
  const carriedBytes = sessionCarriedBytes(method, kernels, rows);
  return {
    arenaBytes: sessionBytes(method, kernels, rows.batchSize),
    besideBytes: carriedBytes + parameterBytes(method, kernels) + carriedBytes,
  };
}

/** What a process on this machine may have, its container's limit included. */
export function mostBytes(): number {
  const constrained = process.constrainedMemory();
  // Without a limit this is 0, or a number that no machine has.
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** Of the parameters in a checkpoint, and of what the optimizer remembers of each. */
function parameterBytes({ model, optimizer }: Method, kernels: KernelSet): number {
  const { layers, connections, feedback } = model.network;
  const units = (layer: number) => (layers[layer] ?? []).reduce((product, length) => product * length, 1);
  const channels = (layer: number) => layers[layer]?.[0] ?? 0;
  const weights = connections.reduce((sum, connection) => {
    const { from, to } = connection;
    const isDense = connection.kind === 'dense';
    return sum + (isDense ? units(from) * units(to) : channels(from) * channels(to) * connection.kernelSize ** 2);
  }, 0);
  const biases = layers.slice(1).reduce((sum, [count]) => sum + count, 0);
  // Buffer 0 takes gradients, which no checkpoint holds.
  const memories = Math.max(optimizer.parameterBuffers - 1, 0);
  const entries = (feedback === 'separate' ? 2 * weights : weights) + biases;
  return entries * (1 + memories) * (kernels.elementType === 'float32' ? 4 : 8);
}
