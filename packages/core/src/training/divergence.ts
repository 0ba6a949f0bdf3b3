/** When is a training beyond repair, and where did it break? */
import type { PhaseName } from '../estimators/gradient-estimator.ts';
import type { NetworkKernels } from '../kernels/kernel-set.ts';
import type { Divergence } from './events.ts';
import { parameterName } from './parameter-names.ts';

/** A bounded network with weights beyond this is saturated in every unit and will not come back. */
const LARGEST_WEIGHT = 1e6;

export interface BrokenStates {
  readonly phase: PhaseName | 'evaluation';
  readonly layer: number;
  readonly step: number;
}

export function divergenceOf({ phase, layer, step }: BrokenStates): Divergence {
  return { reason: 'state-not-finite', phase, layer, relaxationStep: step };
}

/** The first parameter that is not finite or too large; an infinite weight need not show in any state. */
export function brokenParameter({ parameters }: NetworkKernels): Divergence | undefined {
  for (const tensor of parameters) {
    const { values } = tensor;
    // By index, in which a look at all weights takes a tenth of the time.
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (Math.abs(value) <= LARGEST_WEIGHT) continue;
      return {
        reason: Number.isFinite(value) ? 'weights-too-large' : 'weights-not-finite',
        parameter: parameterName(tensor),
      };
    }
  }
  return undefined;
}
