/**
 * States that training carries from one free phase to the next.
 *
 *   persistent      a state per training sample, where it came to rest the last time (Scellier & Bengio 2017)
 *   previous-batch  where the batch before came to rest, row by row (Scellier et al. 2023)
 *
 * Both belong to the training as the weights do: a checkpoint holds them.
 */
import { FREE } from '../estimators/gradient-estimator.ts';
import type { NetworkKernels, Slot, Values } from '../kernels/kernel-set.ts';
import { lastSettlingLayer, type NetworkDescription, unitsOf } from '../kernels/network.ts';
import type { InitialStates } from '../recipes/method-description.ts';

export interface CarriedStates {
  /** Fills the slot that a free phase starts from, for the samples of a batch. */
  place(kernels: NetworkKernels, order: Uint32Array, first: number, count: number): Slot | 'zeros';
  /** Keeps where the free phase came to rest. */
  keep(kernels: NetworkKernels, order: Uint32Array, first: number, count: number): void;
  /** By layer from 1 to the last that settles, [rows, units]; empty where nothing is carried. */
  readonly layers: readonly Values[];
}

/** Bytes that carried states take outside the arena. */
export function carriedBytes(
  kind: InitialStates,
  network: NetworkDescription,
  rows: { readonly samples: number; readonly batchSize: number },
  entryBytes: number,
): number {
  if (kind === 'zeros') return 0;
  const count = kind === 'persistent' ? rows.samples : rows.batchSize;
  return settlingUnits(network).reduce((sum, units) => sum + units * count * entryBytes, 0);
}

/** `slot`: where the states are put. `elementType`: that of the kernels, so that nothing is rounded on the way. */
export function carriedStates(
  kind: InitialStates,
  network: NetworkDescription,
  rows: { readonly samples: number; readonly batchSize: number },
  slot: Slot,
  elementType: 'float32' | 'float64',
): CarriedStates {
  if (kind === 'zeros') return { place: () => 'zeros', keep: () => undefined, layers: [] };
  const units = settlingUnits(network);
  const count = kind === 'persistent' ? rows.samples : rows.batchSize;
  const layers = units.map((size) => {
    return elementType === 'float32' ? new Float32Array(count * size) : new Float64Array(count * size);
  });
  const batchRows = units.map((size) => new Float64Array(rows.batchSize * size));
  const rowOf = (order: Uint32Array, first: number, row: number) => (kind === 'persistent' ? order[first + row] : row);
  return {
    layers,
    place(kernels, order, first, samples) {
      layers.forEach((values, k) => {
        const size = units[k];
        for (let row = 0; row < samples; row++) {
          const from = rowOf(order, first, row) * size;
          batchRows[k].set(values.subarray(from, from + size), row * size);
        }
        kernels.writeStates(slot, k + 1, batchRows[k].subarray(0, samples * size));
      });
      return slot;
    },
    keep(kernels, order, first, samples) {
      layers.forEach((values, k) => {
        const size = units[k];
        kernels.readStatesInto(FREE, k + 1, batchRows[k]);
        for (let row = 0; row < samples; row++) {
          values.set(batchRows[k].subarray(row * size, (row + 1) * size), rowOf(order, first, row) * size);
        }
      });
    },
  };
}

function settlingUnits(network: NetworkDescription): readonly number[] {
  return network.layers.slice(1, lastSettlingLayer(network) + 1).map(unitsOf);
}
