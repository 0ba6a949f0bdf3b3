/**
 * How parameters are stored, which is how products read them: optimizers write them entry by entry where they lie.
 *
 *   by-above   panels of 64 units above, W[panel][unit below][64]: products upwards; a thin layer below is reached by them
 *   by-below   panels of 64 units below, W[panel][unit above][64]: products downwards; a thin layer above is reached by them
 *   rows       a convolution's: a row per channel above, in it tap by tap the channels below
 *   channels   biases, one behind the other
 *
 * What is padding in a layer's row is padding here, zeros that gradients leave alone.
 */
import { entryOf, type LayerPlace, roundedUp } from './places.ts';
import { PANEL } from './words.ts';

export type Arrangement = 'by-above' | 'by-below';

export type Storage =
  | {
      readonly kind: 'panels';
      readonly arrangement: Arrangement;
      readonly below: LayerPlace;
      readonly above: LayerPlace;
    }
  | {
      readonly kind: 'rows';
      readonly above: LayerPlace;
      readonly channelsBelow: number;
      /** Entries from tap to tap, padding of channels included. */
      readonly channelStrideBelow: number;
      readonly taps: number;
      readonly rowStride: number;
    }
  | { readonly kind: 'channels'; readonly above: LayerPlace }
  | { readonly kind: 'none' };

/** Rows k of every panel, and columns. */
export function panelShape(arrangement: Arrangement, below: LayerPlace, above: LayerPlace) {
  return arrangement === 'by-above'
    ? { depth: below.depth, columns: above.stride }
    : { depth: above.depth, columns: below.stride };
}

export function panelLength(arrangement: Arrangement, below: LayerPlace, above: LayerPlace): number {
  const { depth, columns } = panelShape(arrangement, below, above);
  return roundedUp(columns, PANEL) * depth;
}

export function lengthOf(storage: Storage): number {
  switch (storage.kind) {
    case 'panels':
      return panelLength(storage.arrangement, storage.below, storage.above);
    case 'rows':
      return storage.above.channelStride * storage.rowStride;
    case 'channels':
      return storage.above.channelStride;
    case 'none':
      return 0;
    default:
      storage satisfies never;
      throw new Error('unreachable storage');
  }
}

/** Where each parameter lies, in the order of ../network.ts. */
export function placesOf(storage: Storage): Int32Array {
  switch (storage.kind) {
    case 'panels':
      return placesInPanels(storage.arrangement, storage.below, storage.above);
    case 'rows': {
      const { above, channelsBelow, channelStrideBelow, taps, rowStride } = storage;
      const places = new Int32Array(above.channels * channelsBelow * taps);
      let at = 0;
      for (let channel = 0; channel < above.channels; channel++) {
        for (let below = 0; below < channelsBelow; below++) {
          for (let tap = 0; tap < taps; tap++) places[at++] = channel * rowStride + tap * channelStrideBelow + below;
        }
      }
      return places;
    }
    case 'channels':
      return Int32Array.from({ length: storage.above.channels }, (_, k) => k);
    case 'none':
      return new Int32Array(0);
    default:
      storage satisfies never;
      throw new Error('unreachable storage');
  }
}

function placesInPanels(arrangement: Arrangement, below: LayerPlace, above: LayerPlace): Int32Array {
  const { depth } = panelShape(arrangement, below, above);
  const inPanels = (row: number, column: number) =>
    (Math.floor(column / PANEL) * depth + row) * PANEL + (column % PANEL);
  const places = new Int32Array(below.units * above.units);
  let at = 0;
  for (let i = 0; i < below.units; i++) {
    const lower = entryOf(below, i);
    for (let j = 0; j < above.units; j++) {
      const upper = entryOf(above, j);
      places[at++] = arrangement === 'by-above' ? inPanels(lower, upper) : inPanels(upper, lower);
    }
  }
  return places;
}
