/**
 * Where the units of a layer lie in a row of a tensor.
 *
 * A map lies position by position, the channels of one side by side and padded with zeros to a multiple of 16: unit
 * (channel, position), whose number is channel · positions + position, lies at position · channelStride + channel. A dense
 * layer is a map of one position, so its units lie in their own order. The clamped input is taken as dense.
 */
import type { Values } from '../kernel-set.ts';
import { type LayerShape, unitsOf } from '../network.ts';
import { GRAIN, THIN } from './words.ts';

export interface LayerPlace {
  readonly units: number;
  readonly channels: number;
  readonly positions: number;
  readonly channelStride: number;
  /** Entries of a row, padding included. */
  readonly stride: number;
  /** Entries of a row up to the last that may be a unit: so many rows of weights meet it. */
  readonly depth: number;
}

export function roundedUp(count: number, grain = GRAIN): number {
  return Math.ceil(count / grain) * grain;
}

export function placeOf(shape: LayerShape): LayerPlace {
  const [channels, height, width] = shape;
  return placed(channels, height * width);
}

export function inputPlace(shape: LayerShape): LayerPlace {
  return placed(unitsOf(shape), 1);
}

function placed(channels: number, positions: number): LayerPlace {
  const channelStride = roundedUp(channels);
  const stride = positions * channelStride;
  const units = channels * positions;
  return { units, channels, positions, channelStride, stride, depth: positions === 1 ? units : stride };
}

/** Whether products with the layer take it as the one of few units. */
export function isThin({ stride }: LayerPlace): boolean {
  return stride <= THIN;
}

export function hasPadding({ units, stride }: LayerPlace): boolean {
  return units !== stride;
}

/** Entry of a row in which a unit lies. */
export function entryOf({ positions, channelStride }: LayerPlace, unit: number): number {
  if (positions === 1) return unit;
  const channel = Math.floor(unit / positions);
  return (unit - channel * positions) * channelStride + channel;
}

/** Writes samples of [units] each into rows; padding becomes zero. */
export function writeRows(place: LayerPlace, values: Values, rows: Values): void {
  const { units, stride, positions } = place;
  const samples = values.length / units;
  rows.fill(0, 0, samples * stride);
  for (let sample = 0; sample < samples; sample++) {
    if (positions === 1) rows.set(values.subarray(sample * units, (sample + 1) * units), sample * stride);
    else
      for (let unit = 0; unit < units; unit++)
        rows[sample * stride + entryOf(place, unit)] = values[sample * units + unit];
  }
}

/** Reads `samples` rows into `values`, [samples, units]. */
export function readRows(place: LayerPlace, rows: Values, samples: number, values: Values): void {
  const { units, stride, positions } = place;
  for (let sample = 0; sample < samples; sample++) {
    if (positions === 1) values.set(rows.subarray(sample * stride, sample * stride + units), sample * units);
    else
      for (let unit = 0; unit < units; unit++)
        values[sample * units + unit] = rows[sample * stride + entryOf(place, unit)];
  }
}
