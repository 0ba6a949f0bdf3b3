/** From a job's specification, as it crosses the border, to a method of core. A recipe known to one side only does not compile. */
import type { EpJobSpec, JobSpec, PrototypicalEpJobSpec } from '@settle/contracts';
import { epRecipe, type Method, prototypicalEpRecipe } from '@settle/core';

/** Throws RangeError, with the reason, when core cannot work with the values. */
export function methodOf(spec: JobSpec): Method {
  switch (spec.recipe) {
    case 'ep':
      return epRecipe({ ...commonSettings(spec), stepSize: spec.settling.step_size });
    case 'prototypical-ep':
      return prototypicalEpRecipe({ ...commonSettings(spec), nudge: spec.settling.nudge });
    default:
      spec satisfies never;
      throw new Error('unreachable recipe');
  }
}

function commonSettings({ network, settling, training }: EpJobSpec | PrototypicalEpJobSpec) {
  return {
    layerSizes: network.layers,
    activation: network.activation,
    nudging: { kind: settling.nudging, beta: settling.beta },
    freeSteps: settling.free_steps,
    nudgedSteps: settling.nudged_steps,
    learningRates: training.learning_rates,
  } as const;
}
