/** The output's side of phases and gradients: what a softmax read-out reads, and how labels pull at the last states. */
import { carryDown, carryUp } from './carry.ts';
import type { ConnectionLayout } from './connection-layout.ts';
import type { Layout } from './layout.ts';
import type { Operation, Rows } from './operation.ts';
import { combineRows, softmaxRows } from './operations.ts';
import { sharedRow } from './tensors.ts';

/** The connection into a softmax read-out, always the last. */
export function readoutOf({ connections, network }: Layout): ConnectionLayout | undefined {
  return network.readout === 'softmax-cross-entropy' ? connections[connections.length - 1] : undefined;
}

/** out = softmax(W s + b) of states of the last settling layer. */
export function readSoftmax(layout: Layout, readout: ConnectionLayout, states: Rows, out: Rows): Operation[] {
  const init = sharedRow(layout.layers[readout.to].biasRow);
  const { units, stride } = readout.above;
  return [...carryUp(layout, readout, { given: states, init, out }), softmaxRows(out, out, units, stride)];
}

export interface Pull {
  readonly operations: readonly Operation[];
  /** The operation that pulls by `strength` towards labels: its two numbers are −strength and strength. */
  readonly strengthAt: number;
}

/** into = strength · (−∂C/∂s) of states of the last settling layer. */
export function pullToLabels(layout: Layout, strength: number, states: Rows, into: Rows): Pull {
  const { labelRows, places, lastSettling, probabilities } = layout;
  const readout = readoutOf(layout);
  const towards = (read: Rows, out: Rows, columns: number) =>
    combineRows([-strength, read], [strength, labelRows], out, columns);
  if (readout === undefined || probabilities === undefined) {
    return { operations: [towards(states, into, places[lastSettling].stride)], strengthAt: 0 };
  }
  const reading = readSoftmax(layout, readout, states, probabilities);
  const down = carryDown(layout, readout, { given: probabilities, init: undefined, out: into, weights: 'feedforward' });
  return {
    operations: [...reading, towards(probabilities, probabilities, readout.above.stride), ...down],
    strengthAt: reading.length,
  };
}
