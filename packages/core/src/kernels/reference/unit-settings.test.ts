/** Rates and gains of single units: what they leave alone, what they amount to, and where they are refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActivationName } from '../../activations/catalogue.ts';
import type { NetworkKernels, ParameterValues, Phase, Teaching, UnitSettings } from '../kernel-set.ts';
import { type Dynamics, lastSettlingLayer, type NetworkDescription, unitsOf } from '../network.ts';
import {
  GRAPH_NAMES,
  GRAPHS,
  isPooled,
  networkOn,
  phaseOf,
  readSlot,
  readyKernels,
  settled,
  streamOf,
  uniforms,
} from '../testing/drawn-network.ts';
import { distance } from '../testing/slopes.ts';

const SAMPLES = 2;
const DYNAMICS: readonly Dynamics[] = [
  { kind: 'energy-gradient', stepSize: 0.3 },
  { kind: 'discrete-map', stepSize: 0.7, nudge: 'inside' },
  { kind: 'discrete-map', stepSize: 1, nudge: 'outside' },
  { kind: 'prediction-error', stepSize: 0.1 },
];
const SMOOTH: readonly ActivationName[] = ['logistic', 'tanh', 'holomorphic-hard-sigmoid'];
const networks = fc
  .record({
    graph: fc.constantFrom(...GRAPH_NAMES.filter((name) => !isPooled(name))),
    activation: fc.constantFrom(...SMOOTH),
    dynamics: fc.constantFrom(...DYNAMICS),
    readout: fc.constantFrom('squared-error' as const, 'softmax-cross-entropy' as const),
    feedback: fc.constantFrom('symmetric' as const, 'separate' as const),
  })
  .map(({ graph, activation, dynamics, ...rest }) => networkOn(GRAPHS[graph], activation, dynamics, rest));

const ready = (network: NetworkDescription, seed: number, gain = 0.5) =>
  readyKernels(network, gain, seed, {
    batchCapacity: SAMPLES,
    slots: 4,
    anderson: true,
    complexStates: network.dynamics.kind === 'discrete-map',
  });

const settlingLayers = (network: NetworkDescription) =>
  Array.from({ length: lastSettlingLayer(network) }, (_, k) => k + 1);
const unitsIn = ({ layers }: NetworkDescription, layer: number) => unitsOf(layers[layer]);

/** Of every settling layer, by its number. */
function draw(network: NetworkDescription, seed: number, low: number, high: number): Map<number, Float64Array> {
  return new Map(
    settlingLayers(network).map((layer) => {
      return [layer, uniforms(streamOf(seed).split('settings').split(layer), unitsIn(network, layer), low, high)];
    }),
  );
}

function setAll(kernels: NetworkKernels, part: keyof UnitSettings, values: Map<number, Float64Array>): void {
  for (const [layer, given] of values) kernels.setUnits(layer, { [part]: given });
  kernels.clamp(SAMPLES);
}

/** Every teaching that a network whose units have settings can take. */
function teachingsOf({ dynamics, readout }: NetworkDescription): readonly Teaching[] {
  const teachings: Teaching[] = [{ kind: 'none' }, { kind: 'nudge', beta: 0.2 }];
  if (readout === 'squared-error') teachings.push({ kind: 'hold', fraction: 0.6 });
  if (dynamics.kind === 'discrete-map') teachings.push({ kind: 'nudge', beta: { re: 0.1, im: 0.2 } });
  return teachings;
}

const rateOf = ({ dynamics }: NetworkDescription) => ('stepSize' in dynamics ? dynamics.stepSize : Number.NaN);

describe('rates', () => {
  it('leave the fixed point where it is, under every teaching and schedule', () => {
    const schedules = fc.constantFrom<Phase['schedule']>('synchronous', 'even-odd', 'anderson');
    const law = (network: NetworkDescription, schedule: Phase['schedule'], seed: number) => {
      const plain = ready(network, seed);
      const varied = ready(network, seed);
      // Prediction errors bound the step more closely than others do.
      const most = network.dynamics.kind === 'prediction-error' ? 0.15 : 0.6;
      setAll(varied, 'rates', draw(network, seed, most / 4, most));
      for (const teaching of teachingsOf(network)) {
        const [here, there] = [plain, varied].map((kernels) => {
          // To rest, for that is what outputs are held at.
          settled(kernels, { into: 0, steps: 9_000, tolerance: 1e-13 });
          const report = settled(kernels, { from: 0, into: 1, steps: 9_000, tolerance: 1e-13, schedule, teaching });
          expect(report.reason).toBe('tolerance');
          return readSlot(kernels, 1);
        });
        there.forEach((layer, k) => {
          expect(distance(layer, here[k])).toBeLessThan(1e-10);
        });
      }
    };
    fc.assert(fc.property(networks, schedules, fc.nat(), law), { numRuns: 25 });
  });

  it('make one step that share of the way each unit was going', () => {
    const law = (network: NetworkDescription, seed: number) => {
      const rates = draw(network, seed, 0.01, 1);
      // Without corners in the way: a clip ends a long step where it would not end a short one.
      const kernels = ready({ ...network, activation: 'tanh', outputActivation: 'identity' }, seed);
      for (const teaching of teachingsOf(network)) {
        const run = () => {
          settled(kernels, { from: 0, into: 1, teaching: { ...teaching } });
          return readSlot(kernels, 1);
        };
        setAll(kernels, 'rates', new Map([...rates].map(([layer, own]) => [layer, own.map(() => rateOf(network))])));
        settled(kernels, { into: 0, steps: 3 });
        const whole = run();
        const start = readSlot(kernels, 0);
        if (teaching.kind === 'hold') start[lastSettlingLayer(network) - 1] = whole[lastSettlingLayer(network) - 1];
        setAll(kernels, 'rates', rates);
        const part = run();
        for (const [layer, own] of rates) {
          const expected = start[layer - 1].map((s, i) => {
            return s + ((whole[layer - 1][i] - s) * own[i % own.length]) / rateOf(network);
          });
          expect(distance(part[layer - 1], expected)).toBeLessThan(1e-13);
        }
      }
    };
    fc.assert(fc.property(networks, fc.nat(), law), { numRuns: 25 });
  });

  it('of the step size itself, with gains of one, change no bit', () => {
    const law = (network: NetworkDescription, seed: number) => {
      const [untouched, set] = [ready(network, seed), ready(network, seed)];
      for (const layer of settlingLayers(network)) {
        const filled = (value: number) => new Float64Array(unitsIn(network, layer)).fill(value);
        set.setUnits(layer, { rates: filled(rateOf(network)), fromBelow: filled(1), fromAbove: filled(1) });
      }
      set.clamp(SAMPLES);
      for (const kernels of [untouched, set]) settled(kernels, { steps: 4 });
      expect(readSlot(set, 0)).toEqual(readSlot(untouched, 0));
    };
    fc.assert(fc.property(networks, fc.nat(), law), { numRuns: 20 });
  });
});

describe('gains', () => {
  /** Columns of W scaled by the gain of the unit above, rows of the feedback weights by that of the unit below. */
  function scaledParameters(
    network: NetworkDescription,
    { weights, biases, feedback }: ParameterValues,
    fromBelow: Map<number, Float64Array>,
    fromAbove: Map<number, Float64Array>,
  ): ParameterValues {
    const scaled = (values: ParameterValues['weights'][number], gainAt: (at: number) => number) =>
      Float64Array.from(values, (w, at) => w * gainAt(at));
    return {
      weights: weights.map((values, k) => {
        const { from, to } = network.connections[k];
        const gain = from === 0 ? undefined : fromBelow.get(to);
        return scaled(values, (at) => gain?.[at % gain.length] ?? 1);
      }),
      biases,
      feedback: feedback.map((values, k) => {
        const { from, to } = network.connections[k];
        return scaled(values, (at) => fromAbove.get(from)?.[Math.floor(at / unitsIn(network, to))] ?? 1);
      }),
    };
  }

  const denseNetworks = networks
    .filter(({ connections }) => connections.every(({ kind }) => kind === 'dense'))
    .map((network): NetworkDescription => ({ ...network, feedback: 'separate' }));

  it('are scaled weights, up and down, with the input, biases and nudges as they were', () => {
    const law = (network: NetworkDescription, seed: number) => {
      const [fromBelow, fromAbove] = [draw(network, seed, -1, 2), draw(network, seed + 1, -1, 2)];
      const gained = ready(network, seed);
      const scaled = ready(network, seed);
      scaled.writeParameters(scaledParameters(network, gained.readParameters(), fromBelow, fromAbove));
      scaled.clamp(SAMPLES);
      setAll(gained, 'fromBelow', fromBelow);
      setAll(gained, 'fromAbove', fromAbove);
      const upwards: readonly Partial<Phase>[] =
        network.dynamics.kind === 'energy-gradient' ? [] : [{ schedule: 'feed-forward', into: 2 }];
      const phases = [
        ...teachingsOf(network).map((teaching): Partial<Phase> => ({ from: 0, into: 1, steps: 5, teaching })),
        ...upwards,
      ];
      for (const phase of phases) {
        for (const kernels of [gained, scaled]) settled(kernels, { steps: 3 });
        const reports = [gained, scaled].map((kernels) => settled(kernels, phase));
        const slot = phaseOf(phase).into;
        const expected = readSlot(scaled, slot);
        readSlot(gained, slot).forEach((layer, k) => {
          expect(distance(layer, expected[k])).toBeLessThan(1e-12);
        });
        expect(reports[0].residual).toBeCloseTo(reports[1].residual, 10);
      }
    };
    fc.assert(fc.property(denseNetworks, fc.nat(), law), { numRuns: 40 });
  });

  it('of zero cut layers off from each other, convolutions too, and leave what the input brings', () => {
    const law = (network: NetworkDescription, seed: number) => {
      const zeros = draw(network, seed, 0, 0);
      const kernels = ready(network, seed);
      setAll(kernels, 'fromBelow', zeros);
      setAll(kernels, 'fromAbove', zeros);
      const alone = ready(network, seed);
      const { weights, biases, feedback } = alone.readParameters();
      const silent = weights.map((values, k) => {
        const { from, to } = network.connections[k];
        return from === 0 || to > lastSettlingLayer(network) ? values : values.map(() => 0);
      });
      alone.writeParameters({ weights: silent, biases, feedback: feedback.map((values) => values.map(() => 0)) });
      alone.clamp(SAMPLES);
      for (const each of [kernels, alone]) settled(each, { steps: 6 });
      readSlot(kernels, 0).forEach((layer, k) => {
        expect(distance(layer, readSlot(alone, 0)[k])).toBeLessThan(1e-15);
      });
    };
    fc.assert(fc.property(networks, fc.nat(), law), { numRuns: 20 });
  });
});

describe('settings', () => {
  const network = networkOn(GRAPHS['dense chain'], 'tanh', DYNAMICS[1], { feedback: 'separate' });

  it('outlive batches and new parameters, part by part', () => {
    const kernels = ready(network, 5);
    const rates = draw(network, 5, 0.1, 0.9);
    const gains = draw(network, 6, 0.2, 2);
    setAll(kernels, 'rates', rates);
    setAll(kernels, 'fromAbove', gains);
    settled(kernels, { steps: 3 });
    const expected = readSlot(kernels, 0);
    kernels.writeParameters(kernels.readParameters());
    kernels.clamp(1);
    kernels.clamp(SAMPLES);
    settled(kernels, { steps: 3 });
    expect(readSlot(kernels, 0)).toEqual(expected);
    setAll(kernels, 'fromAbove', new Map([...gains].map(([layer, own]) => [layer, own.map(() => 1)])));
    settled(kernels, { steps: 3 });
    expect(readSlot(kernels, 0)).not.toEqual(expected);
  });

  it('are refused with RangeError where a layer cannot have them, and then change nothing', () => {
    const kernels = ready(network, 5);
    settled(kernels, { steps: 3 });
    const expected = readSlot(kernels, 0);
    const four = (value: number) => new Float64Array(4).fill(value);
    for (const layer of [0, 4, -1, 1.5]) {
      expect(() => kernels.setUnits(layer, { fromBelow: four(1) })).toThrow(RangeError);
    }
    const wrong: readonly Partial<UnitSettings>[] = [
      { rates: four(0.5).subarray(1) },
      { fromBelow: new Float64Array(5) },
      { rates: four(0) },
      { rates: four(1.01) },
      { rates: four(Number.NaN) },
      { fromAbove: four(Number.POSITIVE_INFINITY) },
      { fromBelow: four(3), rates: four(-1) },
    ];
    for (const settings of wrong) expect(() => kernels.setUnits(1, settings)).toThrow(RangeError);
    kernels.clamp(SAMPLES);
    settled(kernels, { steps: 3 });
    expect(readSlot(kernels, 0)).toEqual(expected);
    const goodness = ready({ ...network, dynamics: { kind: 'goodness', threshold: 1 } }, 5);
    expect(() => goodness.setUnits(1, { fromBelow: four(2) })).toThrow(RangeError);
    const softmax = ready({ ...network, readout: 'softmax-cross-entropy' }, 5);
    expect(() => softmax.setUnits(3, { fromBelow: new Float64Array(3).fill(1) })).toThrow(RangeError);
  });

  it.each([
    { part: 'rates', value: 0.3 },
    { part: 'fromBelow', value: 2 },
    { part: 'fromAbove', value: 0.5 },
  ] as const)(
    'with $part of $value refuse what is derived without them, until they are withdrawn',
    ({ part, value }) => {
      const kernels = ready(network, 5);
      const operations = [
        () => kernels.settle(phaseOf({ from: 0, into: 1, teaching: { kind: 'nudge-corrected', beta: 0.1, about: 0 } })),
        () => kernels.response(0, 1, 2, 3),
        () => kernels.adjointStep(0, 1, 2),
        () => kernels.propagateErrors(0, 1),
      ];
      kernels.settle(phaseOf({ steps: 2 }));
      kernels.setUnits(2, { [part]: new Float64Array(5).fill(value) });
      kernels.clamp(SAMPLES);
      for (const operation of operations) expect(operation).toThrow(RangeError);
      kernels.setUnits(2, { [part]: new Float64Array(5).fill(part === 'rates' ? 0.7 : 1) });
      kernels.clamp(SAMPLES);
      for (const operation of operations) expect(operation).not.toThrow();
    },
  );
});
