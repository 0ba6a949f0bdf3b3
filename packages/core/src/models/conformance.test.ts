/**
 * Every model against the reference kernels: products of states are its energy's slopes in the parameters, and where
 * states come to rest, or to rest under a nudge, its energy is stationary. Models are written apart from the kernels, one
 * sample and one entry at a time, so that neither can be wrong alone.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ActivationName, activationNamed } from '../activations/catalogue.ts';
import type { ParameterValues, Phase } from '../kernels/kernel-set.ts';
import { lastSettlingLayer, type NetworkDescription, unitsOf } from '../kernels/network.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import {
  build,
  clampDrawn,
  drawnParameters,
  drawnStates,
  GRAPH_NAMES,
  GRAPHS,
  networkOn,
  readSlot,
  settled,
  streamOf,
} from '../kernels/testing/drawn-network.ts';
import { movedIn, slopeAt, slopeUnlessCorner } from '../kernels/testing/slopes.ts';
import { deepHopfield } from './deep-hopfield.ts';
import { goodnessNetwork } from './goodness-network.ts';
import type { LayeredModel } from './layered-model.ts';
import type { NetworkStructure } from './network-structure.ts';
import { predictiveCoding } from './predictive-coding.ts';
import { prototypical } from './prototypical.ts';

type Builder = (structure: NetworkStructure) => LayeredModel;

const MODELS: Readonly<Record<'deep-hopfield' | 'inside' | 'outside' | 'predictive-coding', Builder>> = {
  'deep-hopfield': (structure) => deepHopfield(structure, 0.5),
  inside: (structure) => prototypical(structure, { nudge: 'inside', stepSize: 0.7 }),
  outside: (structure) => prototypical(structure, { nudge: 'outside', stepSize: 1 }),
  'predictive-coding': (structure) => predictiveCoding(structure, 0.1),
};

const SMOOTH: readonly ActivationName[] = ['logistic', 'tanh', 'identity'];
const CLIPPED: readonly ActivationName[] = ['hard-sigmoid', 'half-hard-sigmoid', 'clipped-relu'];

const trialsOf = (kinds: readonly (keyof typeof MODELS)[], activations: readonly ActivationName[]) =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    graph: fc.constantFrom(...GRAPH_NAMES),
    activation: fc.constantFrom(...activations),
    outputActivation: fc.constantFrom(...activations),
    readout: fc.constantFrom('squared-error' as const, 'softmax-cross-entropy' as const),
    seed: fc.nat(),
  });
type Trial = ReturnType<typeof trialsOf> extends fc.Arbitrary<infer Value> ? Value : never;

function modelOf({ kind, graph, activation, outputActivation, readout }: Trial): LayeredModel {
  const dynamics = { kind: 'goodness', threshold: 0 } as const;
  return MODELS[kind](networkOn(GRAPHS[graph], activation, dynamics, { outputActivation, readout }));
}

const isClipped = ({ activation, outputActivation }: NetworkDescription) =>
  CLIPPED.includes(activation) || CLIPPED.includes(outputActivation);
const choosesMaxima = ({ connections }: NetworkDescription) =>
  connections.some((c) => c.kind === 'convolution' && c.pooling?.kind === 'max');
/** States may hover for ever about a corner in the energy: where a maximum chooses, and where a free state meets a clip. */
const mayHover = (network: NetworkDescription) =>
  choosesMaxima(network) || (isClipped(network) && network.dynamics.kind === 'prediction-error');

/** Largest slope of `energy` in any settling state that is not on a bound; on a bound, of those that pull inwards. */
function steepest(model: LayeredModel, states: readonly Float64Array[], layers: number, energy: Energy): number {
  const { network } = model;
  let largest = 0;
  for (let layer = 1; layer <= layers; layer++) {
    const isOutput = layer === lastSettlingLayer(network) && network.readout === 'squared-error';
    const {
      lowest,
      highest,
      steepest: slope,
    } = activationNamed(isOutput ? network.outputActivation : network.activation);
    const bounded = network.dynamics.kind !== 'prediction-error';
    states[layer].forEach((s, at) => {
      const along = (by: number) => energy(movedIn(states, layer, at, by));
      // Prediction errors leave states free to pass the corners of a clipped line.
      const corners = isClipped(network) ? [0, highest / slope] : [];
      const room = bounded
        ? Math.min(s - lowest, highest - s)
        : Math.min(1, ...corners.map((corner) => Math.abs(s - corner)));
      if (bounded && room < 1e-9) {
        const inwards = s - lowest < highest - s ? 1 : -1;
        const fall = (along(0) - along(inwards * 1e-6)) / 1e-6;
        largest = Math.max(largest, fall);
        return;
      }
      // Potentials bend like 1 / room. A state that happens to rest just beside its bound is too near to look around it.
      const step = Math.min(1e-3, room / (choosesMaxima(network) ? 400 : 100));
      if (step < 1e-6) return;
      const tilt = choosesMaxima(network) ? slopeUnlessCorner(along, step) : slopeAt(along, step);
      if (tilt !== undefined) largest = Math.max(largest, Math.abs(tilt));
    });
  }
  return largest;
}
type Energy = (states: readonly Float64Array[]) => number;

/** Settles one sample and returns its states, input first; undefined where they do not come to rest. */
function rest(model: LayeredModel, seed: number, gain: number, phases: readonly Partial<Phase>[]) {
  const stream = streamOf(seed);
  const parameters = drawnParameters(model.network, stream, gain);
  const kernels = build(referenceKernels, model.network, { slots: phases.length });
  kernels.writeParameters(parameters);
  clampDrawn(kernels, 1, stream);
  const reports = phases.map((phase, into) => settled(kernels, { steps: 4_000, tolerance: 1e-11, into, ...phase }));
  const at = (slot: number) => [kernels.inputs.slice(), ...readSlot(kernels, slot)].map((s) => Float64Array.from(s));
  return {
    parameters,
    labels: kernels.labels,
    states: at(phases.length - 1),
    settled: reports.every(({ reason }) => reason === 'tolerance'),
  };
}

/** Slopes of a state that moved by less than 1e-11 a step, by differences of an energy of some 10. */
const STATIONARY = 1e-8;

describe('every model with an energy', () => {
  it('has, as minus the product of states, the slope of its energy in every weight and bias', () => {
    const check = (trial: Trial) => {
      const model = modelOf(trial);
      const { network } = model;
      const stream = streamOf(trial.seed);
      const parameters = drawnParameters(network, stream, 1);
      const kernels = build(referenceKernels, network, { batchCapacity: 2 });
      kernels.writeParameters(parameters);
      const samples = [0, 1].map((sample) => drawnStates(network, stream.split(sample)));
      const both = (layer: number) => Float64Array.from(samples.flatMap((states) => [...states[layer]]));
      kernels.inputs.set(both(0));
      kernels.clamp(2);
      for (let layer = 1; layer < network.layers.length; layer++) kernels.writeStates(0, layer, both(layer));
      kernels.addToGradients({
        terms: [{ below: 0, above: 0, coefficient: -1, weights: 'feedforward' }],
        readoutAt: undefined,
      });
      const gradient = kernels.readBuffer(0);
      const energy = (changed: Partial<ParameterValues>) =>
        samples.reduce((sum, states) => sum + model.energy({ ...parameters, ...changed }, states), 0);
      for (const part of ['weights', 'biases'] as const) {
        parameters[part].forEach((values, k) => {
          // A dozen entries of each tensor, others in every trial.
          for (
            let at = trial.seed % Math.ceil(values.length / 12);
            at < values.length;
            at += Math.ceil(values.length / 12)
          ) {
            const along = (by: number) => energy({ [part]: movedIn(parameters[part], k, at, by) });
            const slope = choosesMaxima(network) ? slopeUnlessCorner(along, 1e-4) : slopeAt(along, 1e-4);
            if (slope !== undefined) expect(Math.abs(gradient[part][k][at] - slope)).toBeLessThan(1e-8);
          }
        });
      }
    };
    const kinds = ['deep-hopfield', 'inside', 'predictive-coding'] as const;
    fc.assert(fc.property(trialsOf(kinds, [...SMOOTH, ...CLIPPED]), check), { numRuns: 60 });
  });

  it('rests where its energy is stationary, or held there by a bound', () => {
    const kinds = ['deep-hopfield', 'inside', 'predictive-coding'] as const;
    const law = (trial: Trial) => {
      const model = modelOf(trial);
      const at = rest(model, trial.seed, 0.5, [{}]);
      if (mayHover(model.network)) fc.pre(at.settled);
      expect(at.settled).toBe(true);
      const energy = (states: readonly Float64Array[]) => model.energy(at.parameters, states);
      expect(steepest(model, at.states, lastSettlingLayer(model.network), energy)).toBeLessThan(STATIONARY);
    };
    fc.assert(fc.property(trialsOf(kinds, SMOOTH), law), { numRuns: 60 });
    fc.assert(fc.property(trialsOf(kinds, CLIPPED), law), { numRuns: 60 });
  });

  it('rests under a nudge where E + βC is stationary, with the cost that the model names', () => {
    const law = (trial: Trial, beta: number) => {
      const model = modelOf(trial);
      const at = rest(model, trial.seed, 0.5, [{}, { from: 0, teaching: { kind: 'nudge', beta } }]);
      if (mayHover(model.network)) fc.pre(at.settled);
      expect(at.settled).toBe(true);
      const energy = (states: readonly Float64Array[]) =>
        model.energy(at.parameters, states) + beta * model.cost(at.parameters, states, at.labels);
      expect(steepest(model, at.states, lastSettlingLayer(model.network), energy)).toBeLessThan(STATIONARY);
    };
    // Not `fc.double`, most of whose numbers about zero are as good as zero.
    const betas = fc.integer({ min: -300, max: 300 }).map((k) => k / 1_000);
    const kinds = ['deep-hopfield', 'inside', 'predictive-coding'] as const;
    fc.assert(fc.property(trialsOf(kinds, SMOOTH), betas, law), { numRuns: 60 });
    fc.assert(fc.property(trialsOf(kinds, CLIPPED), betas, law), { numRuns: 60 });
  });

  it('follows, where the nudge is added outside, the cost that the model names to first order in β', () => {
    const law = (trial: Trial, negative: boolean) => {
      const model = modelOf({ ...trial, readout: 'squared-error' });
      fc.pre(trial.graph !== 'max pooling');
      const slopes = [2e-3, 1e-3].map((size) => {
        const beta = negative ? -size : size;
        const at = rest(model, trial.seed, 0.5, [{}, { from: 0, teaching: { kind: 'nudge', beta } }]);
        return steepest(model, at.states, lastSettlingLayer(model.network), (states) => {
          return model.energy(at.parameters, states) + beta * model.cost(at.parameters, states, at.labels);
        });
      });
      // What is left falls with β², to a quarter; a cost that is not the one would leave a half.
      expect(slopes[1]).toBeLessThan(0.3 * slopes[0] + STATIONARY);
    };
    fc.assert(fc.property(trialsOf(['outside'], SMOOTH), fc.boolean(), law), { numRuns: 40 });
  });

  it('rests with held outputs where its energy is stationary in all other states', () => {
    const law = (trial: Trial, fraction: number) => {
      const squared: Trial = { ...trial, readout: 'squared-error' };
      const model = modelOf(squared);
      const at = rest(model, trial.seed, 0.5, [{}, { from: 0, teaching: { kind: 'hold', fraction } }]);
      if (mayHover(model.network)) fc.pre(at.settled);
      expect(at.settled).toBe(true);
      const free = rest(model, trial.seed, 0.5, [{}]).states;
      const last = lastSettlingLayer(model.network);
      at.states[last].forEach((o, i) => {
        expect(o).toBeCloseTo(free[last][i] + fraction * (at.labels[i] - free[last][i]), 12);
      });
      const energy = (states: readonly Float64Array[]) => model.energy(at.parameters, states);
      expect(steepest(model, at.states, last - 1, energy)).toBeLessThan(STATIONARY);
    };
    const fractions = fc.double({ min: 0.1, max: 1, noNaN: true });
    const kinds = ['deep-hopfield', 'inside', 'predictive-coding'] as const;
    fc.assert(fc.property(trialsOf(kinds, SMOOTH), fractions, law), { numRuns: 40 });
  });
});

describe('predictive coding', () => {
  it('leaves no energy behind after one upward sweep', () => {
    const law = (trial: Trial) => {
      const model = modelOf(trial);
      const at = rest(model, trial.seed, 2, [{ schedule: 'feed-forward' }]);
      expect(model.energy(at.parameters, at.states)).toBeLessThan(1e-28);
    };
    fc.assert(fc.property(trialsOf(['predictive-coding'], [...SMOOTH, ...CLIPPED]), law), { numRuns: 60 });
  });

  it('settles with its outputs held at the label to the least energy among small moves of the hidden states', () => {
    const law = (trial: Trial, fraction: number) => {
      const model = modelOf({ ...trial, readout: 'squared-error' });
      const hold = { from: 0, teaching: { kind: 'hold', fraction } } as const;
      const at = rest(model, trial.seed, 0.5, [{ schedule: 'feed-forward' }, hold]);
      const last = lastSettlingLayer(model.network);
      const least = model.energy(at.parameters, at.states);
      const stream = streamOf(trial.seed).split('moves');
      for (let k = 0; k < 20; k++) {
        const near = at.states.map((s, layer) => {
          return layer === 0 || layer === last
            ? s
            : s.map((x, i) => x + 0.02 * (stream.split(k).uniform(97 * layer + i) - 0.5));
        });
        expect(model.energy(at.parameters, near)).toBeGreaterThan(least);
      }
    };
    const trials = trialsOf(['predictive-coding'], SMOOTH);
    fc.assert(fc.property(trials, fc.double({ min: 0.1, max: 1, noNaN: true }), law), { numRuns: 30 });
  });
});

describe('what models say of themselves', () => {
  const chain = (activation: ActivationName, others: Partial<NetworkStructure> = {}): NetworkStructure => {
    return networkOn(GRAPHS['dense chain'], activation, { kind: 'goodness', threshold: 0 }, others);
  };
  const softmax = { readout: 'softmax-cross-entropy' } as const;

  it('names an energy only where couplings are symmetric', () => {
    for (const builder of Object.values(MODELS)) {
      expect(builder(chain('tanh')).properties.has('energy')).toBe(true);
      expect(builder(chain('tanh', { feedback: 'separate' })).properties.has('energy')).toBe(false);
      expect(builder(chain('tanh')).properties.has('output-units')).toBe(true);
      expect(builder(chain('tanh', softmax)).properties.has('output-units')).toBe(false);
    }
  });

  it('names states holomorphic only without corners and maxima', () => {
    const holomorphic = (structure: NetworkStructure) => MODELS.inside(structure).properties.has('holomorphic');
    expect(holomorphic(chain('tanh'))).toBe(true);
    expect(holomorphic(chain('tanh', { outputActivation: 'hard-sigmoid' }))).toBe(false);
    const dynamics = { kind: 'goodness', threshold: 0 } as const;
    expect(holomorphic(networkOn(GRAPHS['max pooling'], 'logistic', dynamics))).toBe(false);
    expect(holomorphic(networkOn(GRAPHS['softmax pooling'], 'logistic', dynamics))).toBe(true);
  });

  it('says that there is no energy, or no cost, instead of giving a number', () => {
    const one = GRAPHS['dense chain'].layers.map((layer) => new Float64Array(unitsOf(layer)).fill(0.5));
    const energyless = MODELS.inside(chain('holomorphic-hard-sigmoid'));
    const parameters = drawnParameters(energyless.network, streamOf(1), 1);
    expect(() => energyless.energy(parameters, one)).toThrow(RangeError);
    expect(() => MODELS.outside(chain('hard-sigmoid')).cost(parameters, one, [0, 0, 1])).toThrow(RangeError);
    expect(() => MODELS.outside(chain('tanh', softmax)).cost(parameters, one, [0, 0, 1])).toThrow(RangeError);
    const goodness = goodnessNetwork(chain('logistic', softmax), 1);
    expect(() => goodness.energy(parameters, one)).toThrow(RangeError);
    expect(() => goodness.cost(parameters, one, [0, 0, 1])).toThrow(RangeError);
    expect(() => goodnessNetwork(chain('logistic'), 1)).toThrow(RangeError);
    const narrow = {
      ...chain('logistic', softmax),
      layers: [[1, 1, 1], ...chain('logistic', softmax).layers.slice(1)],
    } as const;
    expect(() => goodnessNetwork(narrow, 1)).toThrow('labels cannot be shown on 1 inputs');
  });

  it('refuses impossible layers and step sizes with RangeError', () => {
    const shapes = [
      [],
      [[3, 1, 1]],
      [
        [3, 1, 1],
        [0, 1, 1],
      ],
      [
        [2.5, 1, 1],
        [1, 1, 1],
      ],
      [
        [3, 1, 1],
        [Number.NaN, 1, 1],
      ],
    ] as const;
    for (const builder of Object.values(MODELS)) {
      for (const layers of shapes) {
        const connections = layers.slice(1).map((_, k) => ({ kind: 'dense', from: k, to: k + 1 }) as const);
        expect(() => builder({ ...chain('tanh'), layers: layers.map(([a, b, c]) => [a, b, c]), connections })).toThrow(
          RangeError,
        );
      }
    }
    for (const stepSize of [0, -1, 1.001, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => deepHopfield(chain('tanh'), stepSize)).toThrow(RangeError);
      expect(() => predictiveCoding(chain('tanh'), stepSize)).toThrow(RangeError);
      expect(() => prototypical(chain('tanh'), { stepSize, nudge: 'inside' })).toThrow(RangeError);
    }
  });
});
