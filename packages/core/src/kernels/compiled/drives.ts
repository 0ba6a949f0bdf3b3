/**
 * What drives layers, as operations:
 *
 *   drive = bias + input + fromBelow ⊙ Σ upwards + fromAbove ⊙ Σ downwards
 *
 * The clamped input's part is there since the batch was clamped, with the bias in it.
 */
import { carryDown, carryUp } from './carry.ts';
import type { ConnectionLayout } from './connection-layout.ts';
import type { Layout } from './layout.ts';
import type { Operation, Rows } from './operation.ts';
import { fillRows } from './operations.ts';
import { sharedRow } from './tensors.ts';

/** Bias, and input where there is one. */
export function constantDrive({ layers }: Layout, layer: number): Rows {
  const { inputDrive, biasRow } = layers[layer];
  return inputDrive ?? sharedRow(biasRow);
}

export interface Summed {
  readonly operations: readonly Operation[];
  /** Where the sum lies: what it began with where nothing is added. Undefined: nothing at all. */
  readonly sum: Rows | undefined;
}

interface Summing {
  /** What the sum begins with; undefined: zeros. */
  readonly start: Rows | undefined;
  readonly into: Rows;
  /** What each layer shows. */
  readonly shown: (layer: number) => Rows;
  /** The other set of weights than phases use in this direction, for transposed drives. */
  readonly isTransposed?: boolean;
}

/** start + what layers below bring up, the input left out. */
export function fromBelow(layout: Layout, layer: number, summing: Summing): Summed {
  const { settings } = layout.layers[layer];
  const gain = settings.hasGainsBelow ? settings.fromBelow.pointer : undefined;
  const weights = summing.isTransposed === true ? 'feedback' : 'feedforward';
  const leads = layout.connections.filter(
    ({ from, to, feedsForward, feedsBack }) =>
      to === layer && from > 0 && (weights === 'feedback' ? feedsBack : feedsForward),
  );
  return sum(leads, summing, (connection, init) =>
    carryUp(layout, connection, { given: summing.shown(connection.from), init, out: summing.into, gain, weights }),
  );
}

/** start + what layers above bring down. */
export function fromAbove(layout: Layout, layer: number, summing: Summing): Summed {
  const { settings } = layout.layers[layer];
  const gain = settings.hasGainsAbove ? settings.fromAbove.pointer : undefined;
  const { isTransposed } = summing;
  const leads = layout.connections.filter(
    (connection) => connection.from === layer && (isTransposed === true ? leadsBackTransposed : leadsBack)(connection),
  );
  return sum(leads, summing, (connection, init) => {
    const carried = { given: summing.shown(connection.to), init, out: summing.into, gain };
    return carryDown(layout, connection, isTransposed === true ? { ...carried, weights: 'feedforward' } : carried);
  });
}

const leadsBack = ({ feedsBack }: ConnectionLayout) => feedsBack;
const leadsBackTransposed = ({ feedsForward, joinsSettlingLayers }: ConnectionLayout) =>
  feedsForward && joinsSettlingLayers;

function sum(
  connections: readonly ConnectionLayout[],
  { start, into }: Summing,
  carry: (connection: ConnectionLayout, init: Rows | undefined) => readonly Operation[],
): Summed {
  const operations: Operation[] = [];
  let held = start;
  for (const connection of connections) {
    operations.push(...carry(connection, held));
    held = into;
  }
  return { operations, sum: held };
}

/** Lets poolings between `layers` and others above see what `layers` show, where what comes down needs to know it. */
export function refreshPoolings(
  layout: Layout,
  layers: readonly number[],
  shown: (layer: number) => Rows,
): Operation[] {
  return layout.connections.flatMap((connection) => {
    const { from, to, feedsBack, carrier } = connection;
    const isDue = feedsBack && carrier.kind === 'convolution' && carrier.remembers;
    if (!isDue || !layers.includes(from) || layers.includes(to)) return [];
    // The layer above does not move now, so its drive is of no use.
    return carryUp(layout, connection, { given: shown(from), init: undefined, out: layout.layers[to].drive });
  });
}

/** A sum that an operation can read: zeros written where there is nothing. */
export function materialized({ operations, sum }: Summed, into: Rows, columns: number) {
  return sum === undefined
    ? { operations: [...operations, fillRows(into, columns, 0)], sum: into }
    : { operations, sum };
}
