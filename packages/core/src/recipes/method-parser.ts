/** Reads a method's description from outside, such as a checkpoint's header. Throws RangeError, naming the field. */
import { ACTIVATION_NAMES } from '../activations/catalogue.ts';
import type { EstimatorDescription } from '../estimators/catalogue.ts';
import type { ModelDescription } from '../models/catalogue.ts';
import type { InitializationDescription } from '../models/initialization.ts';
import type { LayerSettings, NetworkSettings } from '../models/network-structure.ts';
import { booleanOf, type Fields, listOf, numberOf, oneOf, recordOf, stringOf, wholeOf } from './field-parser.ts';
import type { MethodDescription, SettlingDescription } from './method-description.ts';
import { parseOptimizer } from './optimizer-parser.ts';

export function parseMethodDescription(value: unknown): MethodDescription {
  const fields = recordOf(value, 'method');
  return {
    recipe: stringOf(fields.recipe, 'recipe'),
    network: parseNetwork(recordOf(fields.network, 'network')),
    model: parseModel(recordOf(fields.model, 'model')),
    settling: parseSettling(recordOf(fields.settling, 'settling')),
    estimator: parseEstimator(recordOf(fields.estimator, 'estimator')),
    optimizer: parseOptimizer(recordOf(fields.optimizer, 'optimizer')),
    initialization: parseInitialization(recordOf(fields.initialization, 'initialization')),
  };
}

function parseNetwork(fields: Fields): NetworkSettings {
  const [channels, height, width, ...rest] = listOf(fields.input, 'network.input', numberOf);
  if (channels === undefined || height === undefined || width === undefined || rest.length > 0) {
    throw new RangeError('network.input is not [channels, height, width]');
  }
  return {
    input: [channels, height, width],
    layers: listOf(fields.layers, 'network.layers', parseLayer),
    skips: listOf(fields.skips, 'network.skips', (value, name) => {
      const skip = recordOf(value, name);
      return {
        from: wholeOf(skip.from, `${name}.from`),
        to: wholeOf(skip.to, `${name}.to`),
        ...windowOf(skip, name),
      };
    }),
    activation: oneOf(fields.activation, 'network.activation', ACTIVATION_NAMES),
    outputActivation: oneOf(fields.outputActivation, 'network.outputActivation', ACTIVATION_NAMES),
    readout: oneOf(fields.readout, 'network.readout', ['squared-error', 'softmax-cross-entropy']),
    feedback: oneOf(fields.feedback, 'network.feedback', ['symmetric', 'separate']),
  };
}

function parseLayer(value: unknown, name: string): LayerSettings {
  if (typeof value === 'number') return value;
  const layer = recordOf(value, name);
  const pooling = layer.pooling === null ? undefined : recordOf(layer.pooling, `${name}.pooling`);
  return {
    channels: numberOf(layer.channels, `${name}.channels`),
    ...windowOf(layer, name),
    pooling:
      pooling === undefined
        ? null
        : {
            kind: oneOf(pooling.kind, `${name}.pooling.kind`, ['max', 'average', 'softmax']),
            size: numberOf(pooling.size, `${name}.pooling.size`),
          },
  };
}

function windowOf(fields: Fields, name: string) {
  return {
    kernelSize: numberOf(fields.kernelSize, `${name}.kernelSize`),
    stride: numberOf(fields.stride, `${name}.stride`),
    padding: numberOf(fields.padding, `${name}.padding`),
  };
}

function parseModel(fields: Fields): ModelDescription {
  const kind = oneOf(fields.kind, 'model.kind', ['deep-hopfield', 'prototypical', 'predictive-coding', 'goodness']);
  if (kind === 'goodness') return { kind, threshold: numberOf(fields.threshold, 'model.threshold') };
  const stepSize = numberOf(fields.stepSize, 'model.stepSize');
  if (kind !== 'prototypical') return { kind, stepSize };
  return { kind, stepSize, nudge: oneOf(fields.nudge, 'model.nudge', ['inside', 'outside']) };
}

function parseSettling(fields: Fields): SettlingDescription {
  const schedules = ['synchronous', 'even-odd', 'anderson', 'feed-forward'] as const;
  return {
    freeSchedule: oneOf(fields.freeSchedule, 'settling.freeSchedule', schedules),
    schedule: oneOf(fields.schedule, 'settling.schedule', schedules),
    freeSteps: numberOf(fields.freeSteps, 'settling.freeSteps'),
    nudgedSteps: numberOf(fields.nudgedSteps, 'settling.nudgedSteps'),
    tolerance: numberOf(fields.tolerance, 'settling.tolerance'),
    initialStates: oneOf(fields.initialStates, 'settling.initialStates', ['zeros', 'persistent', 'previous-batch']),
  };
}

function parseEstimator(fields: Fields): EstimatorDescription {
  const kind = oneOf(fields.kind, 'estimator.kind', [
    'equilibrium-propagation',
    'holomorphic-equilibrium-propagation',
    'continual-equilibrium-propagation',
    'agnostic-equilibrium-propagation',
    'held-outputs',
    'non-reciprocal-equilibrium-propagation',
    'backpropagation',
    'feedback-alignment',
    'backpropagation-through-time',
    'forward-forward',
  ]);
  const beta = () => numberOf(fields.beta, 'estimator.beta');
  const nudging = <const Name extends string>(names: readonly Name[]) =>
    oneOf(fields.nudging, 'estimator.nudging', names);
  switch (kind) {
    case 'equilibrium-propagation':
      return { kind, nudging: nudging(['one-sided', 'random-sign', 'centred']), beta: beta() };
    case 'holomorphic-equilibrium-propagation':
      return { kind, beta: beta(), points: numberOf(fields.points, 'estimator.points') };
    case 'continual-equilibrium-propagation':
      return { kind, nudging: nudging(['one-sided', 'random-sign']), beta: beta() };
    case 'agnostic-equilibrium-propagation':
      return {
        kind,
        nudging: nudging(['optimistic', 'pessimistic', 'centred']),
        beta: beta(),
        parameterIterations: numberOf(fields.parameterIterations, 'estimator.parameterIterations'),
      };
    case 'held-outputs':
      return {
        kind,
        nudging: nudging(['one-sided', 'centred']),
        fraction: numberOf(fields.fraction, 'estimator.fraction'),
      };
    case 'non-reciprocal-equilibrium-propagation':
      return { kind, beta: beta() };
    case 'backpropagation':
    case 'feedback-alignment':
    case 'backpropagation-through-time':
    case 'forward-forward':
      return { kind };
    default:
      kind satisfies never;
      throw new Error('unreachable estimator');
  }
}

function parseInitialization(fields: Fields): InitializationDescription {
  return {
    name: oneOf(fields.name, 'initialization.name', [
      'glorot-uniform',
      'glorot-normal',
      'kaiming-uniform',
      'kaiming-normal',
      'fan-in-uniform',
    ]),
    gains: listOf(fields.gains, 'initialization.gains', numberOf),
    biasGain: fields.biasGain === undefined ? 1 : numberOf(fields.biasGain, 'initialization.biasGain'),
    binary: booleanOf(fields.binary, 'initialization.binary'),
  };
}
