/** States in and out of slots. */

import type { Values } from '../kernel-set.ts';
import { activationOf } from '../network.ts';
import type { Layout } from './layout.ts';
import { readRows, writeRows } from './places.ts';

/** The first `samples` samples of a layer into `into`, [samples, units]. Throws RangeError when it is shorter. */
export function readStates(
  { layers, places, inputs }: Layout,
  slot: number,
  layer: number,
  samples: number,
  into: Float64Array,
) {
  const place = places[layer];
  if (into.length < samples * place.units) {
    throw new RangeError(`${into.length} numbers take no ${samples} states of ${place.units} units`);
  }
  if (layer === 0) into.set(inputs.values.subarray(0, samples * place.units));
  else readRows(place, layers[layer].states[slot].values, samples, into);
}

/** Replaces states, and what they show. Throws RangeError for more than there is room for. */
export function writeStates(layout: Layout, slot: number, layer: number, given: Values): void {
  const { network, layers, places, isComplex } = layout;
  const place = places[layer];
  const { states, shown } = layers[layer];
  const { values } = states[slot];
  if (given.length > (values.length / place.stride) * place.units) {
    throw new RangeError(`${given.length} states do not fit into layer ${layer}`);
  }
  writeRows(place, given, values);
  isComplex[slot] = false;
  if (shown === states) return;
  const { value } = activationOf(network, layer);
  writeRows(
    place,
    given.map((state: number) => value(state)),
    shown[slot].values,
  );
}
