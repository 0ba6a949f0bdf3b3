/** Which estimator can be used on which model, and what is said where it cannot. */
import { describe, expect, it } from 'vitest';
import type { ActivationName } from '../activations/catalogue.ts';
import { deepHopfield } from '../models/deep-hopfield.ts';
import { goodnessNetwork } from '../models/goodness-network.ts';
import type { LayeredModel, ModelProperty } from '../models/layered-model.ts';
import { type NetworkSettings, networkStructure } from '../models/network-structure.ts';
import { predictiveCoding } from '../models/predictive-coding.ts';
import { prototypical } from '../models/prototypical.ts';
import { type EstimatorDescription, estimatorFrom } from './catalogue.ts';
import { missingProperties } from './compatibility.ts';
import type { Settling } from './settling.ts';

const SETTLING: Settling = {
  freeSchedule: 'synchronous',
  schedule: 'synchronous',
  freeSteps: 20,
  nudgedSteps: 5,
  tolerance: 0,
  depth: 2,
};
const structure = (settings: Partial<NetworkSettings> = {}) =>
  networkStructure({
    input: [1, 4, 4],
    layers: [6, 3, 2],
    skips: [],
    activation: 'tanh',
    outputActivation: 'tanh',
    readout: 'squared-error',
    feedback: 'symmetric',
    ...settings,
  });
const pooled = (kind: 'max' | 'average' | 'softmax') =>
  structure({ layers: [{ channels: 2, kernelSize: 3, stride: 1, padding: 1, pooling: { kind, size: 2 } }, 2] });
const activated = (activation: ActivationName) => structure({ activation, outputActivation: activation });
const inside = { nudge: 'inside', stepSize: 1 } as const;

const MODELS: Record<string, LayeredModel> = {
  'deep-hopfield': deepHopfield(structure(), 0.5),
  'deep-hopfield, softmax read-out': deepHopfield(structure({ readout: 'softmax-cross-entropy' }), 0.5),
  'deep-hopfield, separate feedback': deepHopfield(structure({ feedback: 'separate' }), 0.5),
  prototypical: prototypical(structure(), inside),
  'prototypical, softmax read-out': prototypical(structure({ readout: 'softmax-cross-entropy' }), inside),
  'prototypical, softmax read-out, nudge outside': prototypical(structure({ readout: 'softmax-cross-entropy' }), {
    nudge: 'outside',
    stepSize: 1,
  }),
  'prototypical, separate feedback': prototypical(structure({ feedback: 'separate' }), inside),
  'prototypical, max pooling': prototypical(pooled('max'), inside),
  'prototypical, softmax pooling': prototypical(pooled('softmax'), inside),
  'prototypical, hard sigmoid': prototypical(activated('hard-sigmoid'), inside),
  'prototypical, hard outputs': prototypical(structure({ outputActivation: 'half-hard-sigmoid' }), inside),
  'predictive-coding': predictiveCoding(structure(), 0.3),
  'predictive-coding, softmax read-out': predictiveCoding(structure({ readout: 'softmax-cross-entropy' }), 0.3),
  goodness: goodnessNetwork(structure({ readout: 'softmax-cross-entropy' }), 1),
};

const ESTIMATORS: Record<string, EstimatorDescription> = {
  ep: { kind: 'equilibrium-propagation', nudging: 'centred', beta: 0.1 },
  'two points': { kind: 'holomorphic-equilibrium-propagation', beta: 0.1, points: 2 },
  'four points': { kind: 'holomorphic-equilibrium-propagation', beta: 0.1, points: 4 },
  continual: { kind: 'continual-equilibrium-propagation', nudging: 'one-sided', beta: 0.1 },
  agnostic: { kind: 'agnostic-equilibrium-propagation', nudging: 'centred', beta: 0.1, parameterIterations: 2 },
  held: { kind: 'held-outputs', nudging: 'one-sided', fraction: 1 },
  'non-reciprocal': { kind: 'non-reciprocal-equilibrium-propagation', beta: 0.1 },
  backpropagation: { kind: 'backpropagation' },
  alignment: { kind: 'feedback-alignment' },
  'through time': { kind: 'backpropagation-through-time' },
  'forward-forward': { kind: 'forward-forward' },
};

const E: ModelProperty = 'energy';
const CONTRASTS = { ep: [], 'two points': [], continual: [], agnostic: [] } as const;
const NO_CONTRASTS = { ep: [E], 'two points': [E], continual: [E], agnostic: [E] } as const;
const SETTLES: Record<string, readonly ModelProperty[]> = {
  ...CONTRASTS,
  'non-reciprocal': ['separate-feedback'],
  alignment: ['separate-feedback'],
  'forward-forward': ['goodness'],
  backpropagation: [],
  'through time': [],
  held: [],
};

/** What each model lacks of what each estimator needs. */
const MISSING: Record<string, Record<string, readonly ModelProperty[]>> = {
  'deep-hopfield': {
    ...SETTLES,
    'four points': ['holomorphic'],
    backpropagation: ['upward-sweep'],
    alignment: ['upward-sweep', 'separate-feedback'],
  },
  'deep-hopfield, softmax read-out': {
    ...SETTLES,
    'four points': ['holomorphic'],
    held: ['output-units'],
    backpropagation: ['upward-sweep'],
    alignment: ['upward-sweep', 'separate-feedback'],
  },
  'deep-hopfield, separate feedback': {
    ...SETTLES,
    ...NO_CONTRASTS,
    'four points': [E, 'holomorphic'],
    held: [E],
    backpropagation: ['upward-sweep', E],
    alignment: ['upward-sweep', 'separate-feedback'],
  },
  prototypical: { ...SETTLES, 'four points': [] },
  'prototypical, softmax read-out': { ...SETTLES, 'four points': [], held: ['output-units'] },
  'prototypical, separate feedback': {
    ...SETTLES,
    ...NO_CONTRASTS,
    'four points': [E],
    held: [E],
    'non-reciprocal': [],
    backpropagation: [E],
    alignment: [],
  },
  'prototypical, max pooling': { ...SETTLES, 'four points': ['holomorphic'] },
  'prototypical, softmax pooling': { ...SETTLES, 'four points': [] },
  'prototypical, hard sigmoid': { ...SETTLES, 'four points': ['holomorphic'] },
  'prototypical, hard outputs': { ...SETTLES, 'four points': ['holomorphic'] },
  'predictive-coding': {
    ...SETTLES,
    'four points': ['holomorphic'],
    backpropagation: ['upward-sweep'],
    alignment: ['upward-sweep', 'separate-feedback'],
    'through time': ['differentiable-step'],
  },
  'predictive-coding, softmax read-out': {
    ...SETTLES,
    'four points': ['holomorphic'],
    held: ['output-units'],
    backpropagation: ['upward-sweep'],
    alignment: ['upward-sweep', 'separate-feedback'],
    'through time': ['differentiable-step'],
  },
  'prototypical, softmax read-out, nudge outside': {
    ...SETTLES,
    ...{ ep: ['cost'], 'two points': ['cost'], 'four points': ['cost'], continual: ['cost'], agnostic: ['cost'] },
    held: ['output-units'],
  },
  goodness: {
    ...{ ep: [E, 'cost'], 'two points': [E, 'cost'], continual: [E, 'cost'], agnostic: [E, 'cost'] },
    'four points': [E, 'cost', 'holomorphic'],
    held: [E, 'output-units'],
    'non-reciprocal': ['separate-feedback'],
    backpropagation: ['upward-sweep', E],
    alignment: ['upward-sweep', 'separate-feedback'],
    'through time': ['differentiable-step'],
    'forward-forward': [],
  },
};

const PAIRS = Object.keys(MODELS).flatMap((model) =>
  Object.keys(ESTIMATORS).map((estimator) => ({ model, estimator })),
);

describe('an estimator and a model', () => {
  it.each(PAIRS)('$estimator on $model', ({ model, estimator }) => {
    const sentences = missingProperties(MODELS[model], estimatorFrom(ESTIMATORS[estimator], SETTLING));
    const expected = MISSING[model][estimator];
    expect(sentences.map((sentence) => /lacks "([^"]+)"\)$/.exec(sentence)?.[1])).toEqual(expected);
    for (const sentence of sentences)
      expect(sentence).toMatch(new RegExp(`^[a-z/0-9-]+ needs .+ \\(${MODELS[model].name} lacks`));
  });

  it('are told in words what does not fit', () => {
    const four = estimatorFrom(ESTIMATORS['four points'], SETTLING);
    expect(missingProperties(MODELS['prototypical, max pooling'], four)).toEqual([
      'holomorphic-equilibrium-propagation/4 needs activations, pooling and clipping that continue into the complex plane: logistic, tanh, holomorphic-hard-sigmoid or identity on the prototypical network, no max pooling (prototypical lacks "holomorphic")',
    ]);
  });

  it.each(Object.keys(ESTIMATORS).slice(0, 6))(
    'whose free phase is one sweep needs an energy without rest: %s',
    (name) => {
      const swept = estimatorFrom(ESTIMATORS[name], { ...SETTLING, freeSchedule: 'feed-forward' });
      const missing = (model: LayeredModel) => missingProperties(model, swept).join();
      expect(missing(MODELS.prototypical)).toContain('lacks "prediction-error"');
      expect(missing(MODELS['deep-hopfield'])).toContain('lacks "prediction-error"');
      expect(missing(MODELS['predictive-coding'])).not.toContain('prediction-error"');
    },
  );
});

describe('what an estimator asks of kernels', () => {
  it('is its schedules, and complex states beyond two points', () => {
    const asked = (name: string, settling: Partial<Settling>) =>
      estimatorFrom(ESTIMATORS[name], { ...SETTLING, ...settling }).needs.kernels;
    expect(asked('ep', {})).toEqual([]);
    expect(asked('ep', { freeSchedule: 'even-odd', schedule: 'even-odd' })).toEqual(['even-odd']);
    expect(asked('ep', { freeSchedule: 'anderson', schedule: 'even-odd' })).toEqual(['anderson', 'even-odd']);
    expect(asked('held', { freeSchedule: 'feed-forward' })).toEqual(['feed-forward', 'held-outputs']);
    expect(asked('two points', {})).toEqual([]);
    expect(asked('four points', {})).toEqual(['complex-states']);
    expect(asked('through time', {})).toEqual(['adjoint']);
  });
});
