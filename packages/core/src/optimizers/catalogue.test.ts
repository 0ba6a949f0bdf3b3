import { describe, expect, it } from 'vitest';
import { denseChain, type NetworkDescription } from '../kernels/network.ts';
import { optimizerFrom } from './catalogue.ts';
import type { OptimizerDescription } from './optimizer-description.ts';
import { checkOptimizerFits } from './parameter-rates.ts';

const PLAIN: OptimizerDescription = {
  rule: { kind: 'gradient-descent' },
  learningRates: { weights: [0.1, 0.1], biases: [0.1, 0.1], feedback: [] },
  weightDecay: 0,
  schedule: { kind: 'constant' },
  clipping: { kind: 'none' },
};
const ADAM = { kind: 'adam', firstMomentDecay: 0.9, secondMomentDecay: 0.999, epsilon: 1e-8 } as const;
const FLIPS: OptimizerDescription = {
  ...PLAIN,
  rule: { kind: 'binary-flip', momentumGains: [1e-5, 1e-4], thresholds: [5e-7, 5e-7] },
  learningRates: { weights: [], biases: [0.1, 0.1], feedback: [] },
};
const CHAIN: NetworkDescription = {
  ...denseChain([3, 4, 2]),
  activation: 'tanh',
  outputActivation: 'tanh',
  dynamics: { kind: 'energy-gradient', stepSize: 0.5 },
  feedback: 'symmetric',
  readout: 'squared-error',
};

const REFUSED: readonly (readonly [field: string, OptimizerDescription])[] = [
  ['learningRates.weights[1]', { ...PLAIN, learningRates: { ...PLAIN.learningRates, weights: [0.1, -0.1] } }],
  ['learningRates.biases[0]', { ...PLAIN, learningRates: { ...PLAIN.learningRates, biases: [Number.NaN, 0] } }],
  ['learningRates.feedback[0]', { ...PLAIN, learningRates: { ...PLAIN.learningRates, feedback: [1 / 0] } }],
  ['learningRates.weights', { ...FLIPS, learningRates: PLAIN.learningRates }],
  ['weightDecay', { ...PLAIN, weightDecay: -1e-4 }],
  ['weightDecay', { ...PLAIN, weightDecay: Number.NaN }],
  ['weightDecay', { ...FLIPS, weightDecay: 1e-4 }],
  ['rule.momentum', { ...PLAIN, rule: { kind: 'momentum', momentum: 1 } }],
  ['rule.momentum', { ...PLAIN, rule: { kind: 'nesterov', momentum: -0.1 } }],
  ['rule.firstMomentDecay', { ...PLAIN, rule: { ...ADAM, firstMomentDecay: 1 } }],
  ['rule.secondMomentDecay', { ...PLAIN, rule: { ...ADAM, secondMomentDecay: -0.5 } }],
  ['rule.epsilon', { ...PLAIN, rule: { ...ADAM, epsilon: 0 } }],
  ['rule.momentumGains[1]', { ...FLIPS, rule: { kind: 'binary-flip', momentumGains: [1, 0], thresholds: [0, 0] } }],
  ['rule.momentumGains[0]', { ...FLIPS, rule: { kind: 'binary-flip', momentumGains: [1.1, 1], thresholds: [0, 0] } }],
  ['rule.thresholds[0]', { ...FLIPS, rule: { kind: 'binary-flip', momentumGains: [1, 1], thresholds: [-1, 0] } }],
  ['rule.thresholds', { ...FLIPS, rule: { kind: 'binary-flip', momentumGains: [1, 1], thresholds: [0] } }],
  ['schedule.everyEpochs', { ...PLAIN, schedule: { kind: 'step', everyEpochs: 0.5, factor: 0.1 } }],
  ['schedule.factor', { ...PLAIN, schedule: { kind: 'step', everyEpochs: 1, factor: 0 } }],
  ['schedule.factorPerEpoch', { ...PLAIN, schedule: { kind: 'exponential', factorPerEpoch: -0.9 } }],
  ['schedule.epochs', { ...PLAIN, schedule: { kind: 'cosine', epochs: 0, lowest: 0 } }],
  ['schedule.lowest', { ...PLAIN, schedule: { kind: 'cosine', epochs: 10, lowest: 1.5 } }],
  ['schedule.warmUpEpochs', { ...PLAIN, schedule: { kind: 'constant', warmUpEpochs: -1 } }],
  ['clipping.limit', { ...PLAIN, clipping: { kind: 'norm', limit: 0 } }],
  ['clipping.limit', { ...PLAIN, clipping: { kind: 'value', limit: 1 / 0 } }],
];

describe('optimizerFrom', () => {
  it.each(REFUSED)('refuses an impossible %s by a RangeError that names it', (field, description) => {
    const make = () => optimizerFrom(description, { accumulates: false });
    expect(make).toThrow(RangeError);
    expect(make).toThrow(`${field} `);
  });

  it('asks for buffers exactly where something has to be stored', () => {
    const buffers = (description: OptimizerDescription) =>
      optimizerFrom(description, { accumulates: false }).parameterBuffers;
    expect(buffers(PLAIN)).toBe(0);
    expect(buffers({ ...PLAIN, weightDecay: 1e-4 })).toBe(1);
    expect(buffers({ ...PLAIN, clipping: { kind: 'norm', limit: 1 } })).toBe(1);
    expect(buffers({ ...PLAIN, rule: { kind: 'momentum', momentum: 0.9 } })).toBe(2);
    expect(buffers({ ...PLAIN, rule: ADAM })).toBe(3);
    expect(buffers(FLIPS)).toBe(2);
  });
});

describe('checkOptimizerFits', () => {
  const rates = PLAIN.learningRates;

  it('accepts one rate per connection and layer, and feedback rates where feedback is separate', () => {
    const separate = { ...PLAIN, learningRates: { ...rates, feedback: [0, 0.1] } };
    expect(() => checkOptimizerFits(PLAIN, CHAIN)).not.toThrow();
    expect(() => checkOptimizerFits(FLIPS, CHAIN)).not.toThrow();
    expect(() => checkOptimizerFits(separate, { ...CHAIN, feedback: 'separate' })).not.toThrow();
  });

  it.each([
    ['learningRates.weights', { ...PLAIN, learningRates: { ...rates, weights: [0.1] } }],
    ['learningRates.biases', { ...PLAIN, learningRates: { ...rates, biases: [0.1, 0.1, 0.1] } }],
    ['learningRates.feedback', { ...PLAIN, learningRates: { ...rates, feedback: [0.1, 0.1] } }],
    ['rule.thresholds', { ...FLIPS, rule: { kind: 'binary-flip', momentumGains: [1], thresholds: [0] } }],
  ] as const)('refuses %s that are not as many as the network asks for', (field, description) => {
    expect(() => checkOptimizerFits(description, CHAIN)).toThrow(RangeError);
    expect(() => checkOptimizerFits(description, CHAIN)).toThrow(`${field}: `);
  });

  it('refuses separate feedback without rates of its own', () => {
    expect(() => checkOptimizerFits(PLAIN, { ...CHAIN, feedback: 'separate' })).toThrow(/feedback/);
  });
});
