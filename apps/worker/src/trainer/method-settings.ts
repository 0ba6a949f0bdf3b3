/** From the sections of a specification, as they cross the border, to the settings that all of core's recipes share. */
import {
  type Clipping,
  type LearningRateSchedule,
  type NetworkSection,
  type OptimizerSection,
  outlineNetwork,
  type TrainingSection,
} from '@settle/contracts';
import type {
  Clipping as CoreClipping,
  InitializationDescription,
  LayerSettings,
  LearningRates,
  NetworkSettings,
  OptimizerDescription,
  RateSchedule,
  SettlingDescription,
  UpdateRule,
} from '@settle/core';

type WireLayer = NetworkSection['layers'][number];
/** Wire fields of a settling section that a recipe may or may not have. */
interface SettlingFields {
  readonly schedule: Exclude<SettlingDescription['schedule'], 'feed-forward'>;
  readonly free_steps: number;
  readonly nudged_steps: number;
  readonly tolerance: number;
  readonly initial_states: SettlingDescription['initialStates'];
}

export function networkSettings(network: NetworkSection): NetworkSettings {
  const [input, ...layers] = network.layers;
  return {
    input: inputShape(input),
    layers: layers.map(layerSettings),
    skips: network.skips.map(({ from, to, kernel, stride, padding }) => {
      return { from, to, kernelSize: kernel, stride, padding };
    }),
    activation: network.activation,
    outputActivation: network.output_activation ?? network.activation,
    readout: network.readout,
    // Recipes with weights of their own for the way down say so themselves.
    feedback: 'symmetric',
  };
}

function inputShape(layer: WireLayer | undefined): NetworkSettings['input'] {
  if (typeof layer === 'number') return [layer, 1, 1];
  const [channels, height, width] = Array.isArray(layer) ? layer : [];
  if (channels === undefined || height === undefined || width === undefined) {
    throw new RangeError('the first layer is a number of features or [channels, height, width]');
  }
  return [channels, height, width];
}

function layerSettings(layer: WireLayer): LayerSettings {
  if (typeof layer === 'number') return layer;
  if (Array.isArray(layer)) throw new RangeError('only the first layer is given as [channels, height, width]');
  const { channels, kernel, stride, padding, pooling } = layer;
  return { channels, kernelSize: kernel, stride, padding, pooling };
}

export function initialization({ initialization: name, gains, bias_gain }: NetworkSection): InitializationDescription {
  return { name, gains, biasGain: bias_gain, binary: false };
}

/** For recipes whose phases follow one schedule. */
export function settlingSettings(fields: SettlingFields): SettlingDescription {
  return {
    freeSchedule: fields.schedule,
    schedule: fields.schedule,
    freeSteps: fields.free_steps,
    nudgedSteps: fields.nudged_steps,
    tolerance: fields.tolerance,
    initialStates: fields.initial_states,
  };
}

/** For recipes that sweep upwards once; core's recipes see to it. */
export const SWEPT: SettlingDescription = {
  freeSchedule: 'feed-forward',
  schedule: 'feed-forward',
  freeSteps: 1,
  nudgedSteps: 1,
  tolerance: 0,
  initialStates: 'zeros',
};

/** `feedback`: how weights of the way down move, where there are any; at the rate of their connection, or not at all. */
export function optimizerSettings(
  training: TrainingSection,
  network: NetworkSection,
  feedback: 'none' | 'learning' | 'fixed',
): OptimizerDescription {
  const weights = training.learning_rates;
  return {
    rule: updateRule(training.optimizer),
    learningRates: {
      weights,
      biases: training.bias_learning_rates ?? ratesOfNearestConnections(weights, network),
      feedback: feedbackRates(weights, feedback),
    },
    weightDecay: training.weight_decay,
    schedule: rateSchedule(training.learning_rate_schedule),
    clipping: gradientClipping(training.clipping),
  };
}

function feedbackRates(weights: readonly number[], feedback: 'none' | 'learning' | 'fixed'): LearningRates['feedback'] {
  switch (feedback) {
    case 'none':
      return [];
    case 'learning':
      return weights;
    case 'fixed':
      // A rate of 0 freezes, weight decay included.
      return weights.map(() => 0);
    default:
      feedback satisfies never;
      throw new Error('unreachable feedback');
  }
}

/** Per layer above the input, the rate of the connection that comes from nearest below; a skip is never the last. */
function ratesOfNearestConnections(rates: readonly number[], network: NetworkSection): number[] {
  const connections = outlineNetwork(network)?.connections ?? [];
  return network.layers.slice(1).map((_, below) => {
    const rate = rates[connections.findLastIndex(({ to }) => to === below + 1)];
    if (rate === undefined) throw new RangeError(`layer ${below + 1} has no connection with a learning rate`);
    return rate;
  });
}

function updateRule(optimizer: OptimizerSection): UpdateRule {
  switch (optimizer.kind) {
    case 'gradient-descent':
      return { kind: 'gradient-descent' };
    case 'momentum':
    case 'nesterov':
      return { kind: optimizer.kind, momentum: optimizer.momentum };
    case 'adam':
      return {
        kind: 'adam',
        firstMomentDecay: optimizer.first_moment_decay,
        secondMomentDecay: optimizer.second_moment_decay,
        epsilon: optimizer.epsilon,
      };
    default:
      optimizer satisfies never;
      throw new Error('unreachable optimizer');
  }
}

export function rateSchedule(schedule: LearningRateSchedule): RateSchedule {
  const warmUpEpochs = schedule.warm_up_epochs;
  switch (schedule.kind) {
    case 'constant':
      return { kind: 'constant', warmUpEpochs };
    case 'step':
      return { kind: 'step', everyEpochs: schedule.every_epochs, factor: schedule.factor, warmUpEpochs };
    case 'exponential':
      return { kind: 'exponential', factorPerEpoch: schedule.factor_per_epoch, warmUpEpochs };
    case 'cosine':
      return { kind: 'cosine', epochs: schedule.epochs, lowest: schedule.lowest, warmUpEpochs };
    default:
      schedule satisfies never;
      throw new Error('unreachable schedule');
  }
}

export function gradientClipping(clipping: Clipping): CoreClipping {
  return clipping.kind === 'none' ? { kind: 'none' } : { kind: clipping.kind, limit: clipping.limit };
}
