/**
 * A method: one point in the product of axes (model, estimator, optimizer, initialization), as data and as the parts
 * built from it. The data goes into checkpoints, so that a file alone says how its network settles.
 */
import { equilibriumPropagation } from '../estimators/equilibrium-propagation.ts';
import type { GradientEstimator } from '../estimators/gradient-estimator.ts';
import { deepHopfield } from '../models/deep-hopfield.ts';
import type { LayeredModel } from '../models/layered-model.ts';
import { prototypical } from '../models/prototypical.ts';
import { type Optimizer, stochasticGradientDescent } from '../optimizers/stochastic-gradient-descent.ts';
import type { MethodDescription } from './method-description.ts';
import { parseMethodDescription } from './method-parser.ts';

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
