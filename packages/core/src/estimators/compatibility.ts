/** Can this estimator be used on this model? The answer names what is missing. */
import type { LayeredModel, ModelProperty } from '../models/layered-model.ts';
import type { GradientEstimator } from './gradient-estimator.ts';

const WORDS: Record<ModelProperty, string> = {
  energy: 'symmetric feedback, without which rest states are not critical points of an energy',
  cost: 'a nudge that is the slope of a cost: inside the activation for a softmax read-out',
  holomorphic:
    'activations, pooling and clipping that continue into the complex plane: logistic, tanh, holomorphic-hard-sigmoid or identity on the prototypical network, no max pooling',
  'output-units': 'outputs that settle with the rest: a squared-error read-out',
  'upward-sweep': 'a discrete map, whose upward sweep is a network of its own',
  'differentiable-step': 'a relaxation step that can be differentiated',
  'separate-feedback': 'separate feedback weights',
  'prediction-error': 'an energy of prediction errors, on which an upward sweep is a free phase',
  goodness: 'layers with a goodness of their own',
};

/** One sentence per missing property; empty where the two fit. */
export function missingProperties(model: LayeredModel, estimator: GradientEstimator): readonly string[] {
  return estimator.needs.model
    .filter((property) => !model.properties.has(property))
    .map((property) => `${estimator.name} needs ${WORDS[property]} (${model.name} lacks "${property}")`);
}
