/**
 * A method: one point in the product of axes (model, estimator, optimizer, initialization), as data and as the parts
 * built from it. The data goes into checkpoints, so that a file alone says how its network settles.
 */
import { equilibriumPropagation, type Nudging } from '../estimators/equilibrium-propagation.ts';
import type { GradientEstimator } from '../estimators/gradient-estimator.ts';
import type { ActivationName } from '../kernels/kernel-set.ts';
import { deepHopfield } from '../models/deep-hopfield.ts';
import type { InitializationName } from '../models/initialization.ts';
import type { LayeredModel } from '../models/layered-model.ts';
import { prototypical } from '../models/prototypical.ts';
import { type Optimizer, stochasticGradientDescent } from '../optimizers/stochastic-gradient-descent.ts';
import { parseMethodDescription } from './method-parser.ts';

export interface MethodDescription {
  readonly recipe: string;
  readonly layerSizes: readonly number[];
  readonly activation: ActivationName;
  readonly model:
    | { readonly kind: 'deep-hopfield'; readonly stepSize: number }
    | { readonly kind: 'prototypical'; readonly nudge: 'inside' | 'outside' };
  readonly nudging: Nudging;
  readonly freeSteps: number;
  readonly nudgedSteps: number;
  readonly initialization: InitializationName;
  /** Input layer first, one per weight matrix. */
  readonly learningRates: readonly number[];
}

export interface Method {
  readonly description: MethodDescription;
  readonly model: LayeredModel;
  readonly estimator: GradientEstimator;
  readonly optimizer: Optimizer;
}

/** Builds the parts. Throws RangeError, naming the fault, on values that no part can work with. */
export function methodFrom(given: MethodDescription): Method {
  // Rebuilt field by field, so that equal methods have equal text, whoever wrote their fields in which order.
  const description = parseMethodDescription(given);
  const { layerSizes, activation, model, learningRates } = description;
  if (learningRates.length !== layerSizes.length - 1) {
    throw new RangeError(
      `${layerSizes.length - 1} weight matrices need as many learning rates, got ${learningRates.length}`,
    );
  }
  return {
    description,
    model:
      model.kind === 'deep-hopfield'
        ? deepHopfield({ layerSizes, activation, stepSize: model.stepSize })
        : prototypical({ layerSizes, activation, nudge: model.nudge }),
    estimator: equilibriumPropagation(description),
    optimizer: stochasticGradientDescent(learningRates),
  };
}
