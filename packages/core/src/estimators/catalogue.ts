/** Builds the estimator that a description asks for. A further estimator is a file beside this one and a line here. */
import { agnosticEquilibriumPropagation } from './agnostic-equilibrium-propagation.ts';
import { backpropagation } from './backpropagation.ts';
import { backpropagationThroughTime } from './backpropagation-through-time.ts';
import { continualEquilibriumPropagation } from './continual-equilibrium-propagation.ts';
import { equilibriumPropagation } from './equilibrium-propagation.ts';
import { forwardForward } from './forward-forward.ts';
import type { GradientEstimator } from './gradient-estimator.ts';
import { heldOutputs } from './held-outputs.ts';
import { holomorphicEquilibriumPropagation } from './holomorphic-equilibrium-propagation.ts';
import { nonReciprocalEquilibriumPropagation } from './non-reciprocal-equilibrium-propagation.ts';
import type { Settling } from './settling.ts';

export type EstimatorDescription =
  | {
      readonly kind: 'equilibrium-propagation';
      readonly nudging: 'one-sided' | 'random-sign' | 'centred';
      readonly beta: number;
    }
  | { readonly kind: 'holomorphic-equilibrium-propagation'; readonly beta: number; readonly points: number }
  | {
      readonly kind: 'continual-equilibrium-propagation';
      readonly nudging: 'one-sided' | 'random-sign';
      readonly beta: number;
    }
  | {
      readonly kind: 'agnostic-equilibrium-propagation';
      readonly nudging: 'optimistic' | 'pessimistic' | 'centred';
      readonly beta: number;
      readonly parameterIterations: number;
    }
  | { readonly kind: 'held-outputs'; readonly nudging: 'one-sided' | 'centred'; readonly fraction: number }
  | { readonly kind: 'non-reciprocal-equilibrium-propagation'; readonly beta: number }
  | { readonly kind: 'backpropagation' }
  | { readonly kind: 'feedback-alignment' }
  | { readonly kind: 'backpropagation-through-time' }
  | { readonly kind: 'forward-forward' };

/** Throws RangeError, naming the fault, on values with which no estimate could be right. */
export function estimatorFrom(description: EstimatorDescription, settling: Settling): GradientEstimator {
  switch (description.kind) {
    case 'equilibrium-propagation':
      return equilibriumPropagation({ kind: description.nudging, beta: description.beta }, settling);
    case 'holomorphic-equilibrium-propagation':
      return holomorphicEquilibriumPropagation(description, settling);
    case 'continual-equilibrium-propagation':
      return continualEquilibriumPropagation({ kind: description.nudging, beta: description.beta }, settling);
    case 'agnostic-equilibrium-propagation': {
      const { nudging, beta, parameterIterations } = description;
      return agnosticEquilibriumPropagation({ kind: nudging, beta, parameterIterations }, settling);
    }
    case 'held-outputs':
      return heldOutputs({ kind: description.nudging, fraction: description.fraction }, settling);
    case 'non-reciprocal-equilibrium-propagation':
      return nonReciprocalEquilibriumPropagation(description.beta, settling);
    case 'backpropagation':
      return backpropagation('symmetric');
    case 'feedback-alignment':
      return backpropagation('separate');
    case 'backpropagation-through-time':
      return backpropagationThroughTime(settling);
    case 'forward-forward':
      return forwardForward();
    default:
      description satisfies never;
      throw new Error('unreachable estimator');
  }
}
