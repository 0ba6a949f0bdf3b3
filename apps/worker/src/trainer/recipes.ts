/** From a job's specification, as it crosses the border, to a method of core. A recipe known to one side only does not compile. */
import type { JobSpec, NetworkSection, TrainingSection } from '@settle/contracts';
import {
  agnosticEpRecipe,
  backpropagationRecipe,
  backpropagationThroughTimeRecipe,
  binaryEpRecipe,
  continualEpRecipe,
  contrastiveLearningRecipe,
  convolutionalEpRecipe,
  coupledLearningRecipe,
  epRecipe,
  feedbackAlignmentRecipe,
  forwardForwardRecipe,
  holomorphicEpRecipe,
  hopfieldResnetEpRecipe,
  type Method,
  type MethodDescription,
  type MethodSettings,
  methodFrom,
  nonReciprocalEpRecipe,
  predictiveCodingRecipe,
  prototypicalEpRecipe,
  type SettlingDescription,
} from '@settle/core';
import {
  gradientClipping,
  initialization,
  networkSettings,
  optimizerSettings,
  rateSchedule,
  SWEPT,
  settlingSettings,
} from './method-settings.ts';

/** Throws RangeError, with the reason, when core cannot work with the values. */
export function methodOf(spec: JobSpec): Method {
  return methodFrom(descriptionOf(spec));
}

function descriptionOf(spec: JobSpec): MethodDescription {
  switch (spec.recipe) {
    case 'ep': {
      const { step_size: stepSize, nudging, beta } = spec.settling;
      return epRecipe({ ...settingsOf(spec, settlingSettings(spec.settling)), stepSize, nudging, beta });
    }
    case 'prototypical-ep': {
      const { step_size: stepSize, nudge, nudging, beta } = spec.settling;
      const settings = settingsOf(spec, settlingSettings(spec.settling));
      return prototypicalEpRecipe({ ...settings, stepSize, nudge, nudging, beta });
    }
    case 'convolutional-ep': {
      const { nudging, beta } = spec.settling;
      return convolutionalEpRecipe({ ...settingsOf(spec, settlingSettings(spec.settling)), nudging, beta });
    }
    case 'hopfield-resnet-ep': {
      const { beta } = spec.settling;
      return hopfieldResnetEpRecipe({ ...settingsOf(spec, settlingSettings(spec.settling)), beta });
    }
    case 'holomorphic-ep': {
      const { beta, points } = spec.settling;
      return holomorphicEpRecipe({ ...settingsOf(spec, settlingSettings(spec.settling)), beta, points });
    }
    case 'continual-ep': {
      const { step_size: stepSize, nudge, nudging, beta } = spec.settling;
      const settings = settingsOf(spec, settlingSettings(spec.settling));
      return continualEpRecipe({ ...settings, stepSize, nudge, nudging, beta });
    }
    case 'agnostic-ep': {
      const { step_size: stepSize, nudging, beta, parameter_iterations: parameterIterations } = spec.settling;
      const settings = settingsOf(spec, settlingSettings(spec.settling));
      return agnosticEpRecipe({ ...settings, stepSize, nudging, beta, parameterIterations });
    }
    case 'coupled-learning': {
      const { step_size: stepSize, nudging, fraction } = spec.settling;
      const settings = settingsOf(spec, settlingSettings(spec.settling));
      return coupledLearningRecipe({ ...settings, stepSize, nudging, fraction });
    }
    case 'contrastive-learning': {
      const { step_size: stepSize } = spec.settling;
      return contrastiveLearningRecipe({ ...settingsOf(spec, settlingSettings(spec.settling)), stepSize });
    }
    case 'non-reciprocal-ep': {
      const { step_size: stepSize, beta } = spec.settling;
      const settings = settingsOf(spec, settlingSettings(spec.settling), 'learning');
      return nonReciprocalEpRecipe({ ...settings, stepSize, beta });
    }
    case 'binary-ep': {
      const { step_size: stepSize, nudging, beta } = spec.settling;
      return binaryEpRecipe({ ...flippingSettings(spec), stepSize, nudging, beta });
    }
    case 'backpropagation':
      return backpropagationRecipe(settingsOf(spec, SWEPT));
    case 'feedback-alignment':
      return feedbackAlignmentRecipe(settingsOf(spec, SWEPT, 'fixed'));
    case 'backpropagation-through-time': {
      const { step_size: stepSize, ...settling } = spec.settling;
      // Only a fixed number of synchronous steps is differentiated.
      const unrolled = settlingSettings({ ...settling, schedule: 'synchronous', tolerance: 0 });
      return backpropagationThroughTimeRecipe({ ...settingsOf(spec, unrolled), stepSize });
    }
    case 'predictive-coding': {
      const { step_size: stepSize, ...settling } = spec.settling;
      // One sweep upwards is the free phase.
      const held = settlingSettings({ ...settling, free_steps: 1, initial_states: 'zeros' });
      return predictiveCodingRecipe({ ...settingsOf(spec, held), stepSize });
    }
    case 'forward-forward': {
      const { threshold } = spec.training;
      return forwardForwardRecipe({ ...settingsOf(spec, SWEPT), threshold });
    }
    default:
      spec satisfies never;
      throw new Error('unreachable recipe');
  }
}

function settingsOf(
  { network, training }: { readonly network: NetworkSection; readonly training: TrainingSection },
  settling: SettlingDescription,
  feedback: 'none' | 'learning' | 'fixed' = 'none',
): MethodSettings {
  return {
    network: networkSettings(network),
    settling,
    optimizer: optimizerSettings(training, network, feedback),
    initialization: initialization(network),
  };
}

/** Weights that flip have momentum gains and thresholds where others have rates. */
function flippingSettings({
  network,
  settling,
  training,
}: Extract<JobSpec, { readonly recipe: 'binary-ep' }>): MethodSettings {
  return {
    network: networkSettings(network),
    settling: settlingSettings(settling),
    optimizer: {
      rule: { kind: 'binary-flip', momentumGains: training.momentum_gains, thresholds: training.flip_thresholds },
      learningRates: { weights: [], biases: training.bias_learning_rates, feedback: [] },
      weightDecay: 0,
      schedule: rateSchedule(training.learning_rate_schedule),
      clipping: gradientClipping(training.clipping),
    },
    initialization: initialization(network),
  };
}
