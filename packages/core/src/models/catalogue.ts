/** Builds the model that a description asks for. A further model is a file beside this one and a line here. */
import { deepHopfield } from './deep-hopfield.ts';
import { goodnessNetwork } from './goodness-network.ts';
import type { LayeredModel } from './layered-model.ts';
import { type NetworkSettings, networkStructure } from './network-structure.ts';
import { predictiveCoding } from './predictive-coding.ts';
import { prototypical } from './prototypical.ts';

export type ModelDescription =
  | { readonly kind: 'deep-hopfield'; readonly stepSize: number }
  | { readonly kind: 'prototypical'; readonly stepSize: number; readonly nudge: 'inside' | 'outside' }
  | { readonly kind: 'predictive-coding'; readonly stepSize: number }
  | { readonly kind: 'goodness'; readonly threshold: number };

/** Throws RangeError, naming the fault, on a network that cannot be. */
export function modelFrom(description: ModelDescription, network: NetworkSettings): LayeredModel {
  const structure = networkStructure(network);
  switch (description.kind) {
    case 'deep-hopfield':
      return deepHopfield(structure, description.stepSize);
    case 'prototypical':
      return prototypical(structure, description);
    case 'predictive-coding':
      return predictiveCoding(structure, description.stepSize);
    case 'goodness':
      return goodnessNetwork(structure, description.threshold);
    default:
      description satisfies never;
      throw new Error('unreachable model');
  }
}
