/**
 * Where states may leave the real line: discrete maps whose poolings are linear, on engines that have the operations.
 *
 * A slot holds complex states once a phase of complex strength has ended in it, or one that began from such a slot. Only then
 * are imaginary parts read; what a slot of real states has in them means nothing.
 */
import type { Workspace } from '../kernel-set.ts';
import { activationOf, lastSettlingLayer, type NetworkDescription } from '../network.ts';
import type { Engine } from './engine.ts';
import type { RowTensor, TensorAllocator } from './tensors.ts';
import { SOFTMAX_COMPLEX, UPDATE_MAP_COMPLEX } from './words.ts';

/** Beside the real parts of one layer. */
export interface ImaginaryPart {
  /** By slot. */
  readonly states: readonly RowTensor[];
  readonly drive: RowTensor;
}

/** A pooling that looks at what it pools would have to remember both parts of it. */
export function hasLinearPoolings({ connections }: NetworkDescription): boolean {
  return connections.every((connection) => {
    return connection.kind === 'dense' || connection.pooling === undefined || connection.pooling.kind === 'average';
  });
}

export function runsComplexOperations({ operations }: Engine): boolean {
  return operations === undefined || [UPDATE_MAP_COMPLEX, SOFTMAX_COMPLEX].every((code) => operations.has(code));
}

export function hasImaginaryParts(network: NetworkDescription, { complexStates }: Workspace): boolean {
  return complexStates && network.dynamics.kind === 'discrete-map' && hasLinearPoolings(network);
}

export function layOutImaginaryPart(stride: number, slots: number, tensors: TensorAllocator): ImaginaryPart {
  return { states: Array.from({ length: slots }, () => tensors.rows(stride)), drive: tensors.rows(stride) };
}

/** Refuses complex states that this network or workspace cannot have, with RangeError. */
export function checkComplex(network: NetworkDescription, workspace: Workspace): void {
  const { dynamics } = network;
  if (!workspace.complexStates) throw new RangeError('this workspace has no complex states');
  if (dynamics.kind !== 'discrete-map') throw new RangeError(`states of ${dynamics.kind} stay real`);
  if (!hasLinearPoolings(network)) throw new RangeError('these kernels lack: complex-states');
  for (let layer = 1; layer <= lastSettlingLayer(network); layer++) {
    if (activationOf(network, layer).continuation === undefined) {
      throw new RangeError('an activation with corners has no complex states');
    }
  }
}
