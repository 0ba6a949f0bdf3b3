/**
 * How lanes share a run: the rules, all in one place.
 *
 * Over rows a lane takes a few samples through a whole phase, and their states stay in its first cache; this pays as long as
 * the weights that every step reads stay in its second. Over columns all lanes read every weight once for the whole batch.
 */
import type { NetworkDescription } from '../network.ts';
import type { ConnectionLayout } from './connection-layout.ts';
import { lengthOf } from './storage.ts';
import { OVER_COLUMNS, OVER_ROWS } from './words.ts';

export interface Split {
  readonly split: number;
  readonly blockRows: number;
}

/** Weights of a step, both directions, that still go over rows. */
const MOST_BYTES_OVER_ROWS = 256 * 1024;
/** Weights that stay in the first cache beside the states of a few samples. */
const FEW_BYTES = 48 * 1024;

/** Reductions over samples see all rows. */
export const ALL_TOGETHER: Split = { split: OVER_COLUMNS, blockRows: 1 };

/** Of phases and whatever else goes sample by sample. */
export function splitOf(connections: readonly ConnectionLayout[], elementBytes: number): Split {
  // Every operation of a convolution is shared by rows, and its maps fill the caches by themselves.
  if (connections.some(({ carrier }) => carrier.kind === 'convolution')) return { split: OVER_ROWS, blockRows: 1 };
  const bytes = elementBytes * connections.reduce((sum, connection) => sum + entriesPerStep(connection), 0);
  if (bytes > MOST_BYTES_OVER_ROWS) return ALL_TOGETHER;
  return { split: OVER_ROWS, blockRows: bytes <= FEW_BYTES ? 4 : 12 };
}

/** Entries of weights that a step reads; the input's are read once per batch. */
function entriesPerStep({ from, weights, feedback, carrier }: ConnectionLayout): number {
  if (from === 0) return 0;
  const up = lengthOf(weights.storage);
  if (feedback !== undefined) return up + lengthOf(feedback.storage);
  return carrier.kind === 'dense' && carrier.weightsCopy !== undefined ? 2 * up : up;
}

/** More operations than any one program of the network has. */
export function mostOperations({ layers, connections }: NetworkDescription): number {
  // A convolution of the input places its channels one by one.
  return 64 * connections.length + 40 * layers.length + 64 + layers[0][0];
}

/** Share of inputs that are not zero from which on a dense product beats one with lists. */
const DENSE_SHARE = 0.5;

/** Whether so many entries of a batch are better shown as lists. */
export function isSparse(entries: number, samples: number, inputUnits: number): boolean {
  return entries < DENSE_SHARE * samples * inputUnits;
}
