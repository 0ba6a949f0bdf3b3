/**
 * What a kernel set says about numbers that are not finite.
 *
 * NaN spreads through every activation. Infinity does not: a bounded unit that receives it saturates and looks settled.
 * And a set may leave out products with zero inputs and with zero states at the start, 0 · ∞ among them. So a settled
 * phase vouches for states, never for parameters; those have to be looked at themselves, as training does.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActivationName } from '../activations/catalogue.ts';
import { randomStream } from '../tensor/random.ts';
import type { KernelFeature, KernelSet, NetworkKernels, Phase, Schedule } from './kernel-set.ts';
import { type Connection, type Dynamics, denseChain, type NetworkDescription, unitsOf } from './network.ts';
import { build, GRAPHS, networkOn, phaseOf, readSlot } from './testing/drawn-network.ts';
import { KERNEL_SETS } from './testing/every-kernel-set.ts';

const ACTIVATIONS: readonly ActivationName[] = ['hard-sigmoid', 'logistic', 'tanh'];
const DYNAMICS: readonly Dynamics[] = [
  { kind: 'energy-gradient', stepSize: 0.5 },
  { kind: 'discrete-map', stepSize: 1, nudge: 'inside' },
  { kind: 'discrete-map', stepSize: 1, nudge: 'outside' },
  { kind: 'discrete-map', stepSize: 0.6, nudge: 'inside' },
];
const LAYER_SIZES = [3, 5, 6, 2];
const SAMPLES = 6;
/** Enough steps for a signal to go from the input to the output and back. */
const FREE: Phase = phaseOf({ steps: 8 });

const CASES = KERNEL_SETS.flatMap((set) =>
  ACTIVATIONS.flatMap((activation) =>
    DYNAMICS.map((dynamics) => ({
      set,
      network: networkOn(denseChain(LAYER_SIZES), activation, dynamics),
      title: `${set.name}, ${activation}, ${Object.values(dynamics).join(' ')}`,
    })),
  ),
);

interface Poison {
  readonly part: 'inputs' | 'weights' | 'biases' | 'labels';
  /** Which weight matrix or bias vector; no meaning for inputs and labels. */
  readonly layer: number;
  readonly at: number;
  readonly value: number;
}

const has = (set: KernelSet, feature: KernelFeature) => !set.missing(CASES[0].network, [feature]).includes(feature);

/** A network of moderate weights and inputs, none of them zero, with one number replaced; clamped and ready to settle. */
function poisoned(set: KernelSet, network: NetworkDescription, poison?: Poison): NetworkKernels {
  const kernels = build(set, network, { batchCapacity: SAMPLES, slots: 2, anderson: has(set, 'anderson') });
  const stream = randomStream(21, 'values');
  const draw = (name: string, length: number) =>
    Float32Array.from({ length }, (_, i) => (i % 2 === 0 ? 0.5 : -0.5) * (0.1 + stream.split(name).uniform(i)));
  const given = kernels.readParameters();
  const weights = given.weights.map(({ length }, k) => draw(`weights ${k}`, length));
  const biases = given.biases.map(({ length }, k) => draw(`biases ${k}`, length));
  const inputs = draw('inputs', SAMPLES * unitsOf(network.layers[0]));
  const labels = new Float32Array(kernels.labels.length);
  if (poison !== undefined) {
    const { part, layer, at, value } = poison;
    const values = { inputs, labels, weights: weights[layer], biases: biases[layer] }[part];
    values[at % values.length] = value;
  }
  kernels.writeParameters({ weights, biases, feedback: [] });
  kernels.inputs.set(inputs);
  kernels.labels.set(labels);
  kernels.clamp(SAMPLES);
  return kernels;
}

const areFinite = (states: readonly Float64Array[]) => states.every((layer) => layer.every(Number.isFinite));

/**
 * The report of a phase, after checking it against the states: one step less and all states were finite, that step and
 * the layer named is the first that is not.
 */
function checkedReport(kernels: NetworkKernels, phase: Phase) {
  const report = kernels.settle(phase);
  if (report.kind === 'stopped') throw new Error('nobody asked to stop');
  const states = readSlot(kernels, phase.into);
  if (report.kind === 'settled') {
    expect(Number.isFinite(report.residual)).toBe(true);
    expect(areFinite(states)).toBe(true);
    return report;
  }
  expect(states.findIndex((layer) => !layer.every(Number.isFinite)) + 1).toBe(report.layer);
  if (report.step > 1) {
    expect(kernels.settle({ ...phase, steps: report.step - 1, tolerance: 0 }).kind).toBe('settled');
    expect(areFinite(readSlot(kernels, phase.into))).toBe(true);
  }
  return report;
}

describe.each(CASES)('$title', ({ set, network }) => {
  it('settles to a finite residual and finite states with finite numbers', () => {
    expect(checkedReport(poisoned(set, network), FREE).kind).toBe('settled');
  });

  it('names the first step and layer that are not finite, and no others, with and without a tolerance', () => {
    const poisons = fc.record({
      part: fc.constantFrom('inputs' as const, 'weights' as const, 'biases' as const),
      layer: fc.nat({ max: LAYER_SIZES.length - 2 }),
      at: fc.nat({ max: 100 }),
      value: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, -3e38),
    }) satisfies fc.Arbitrary<Poison>;
    fc.assert(
      fc.property(poisons, fc.constantFrom(0, 1e-9), (poison, tolerance) => {
        checkedReport(poisoned(set, network, poison), { ...FREE, tolerance });
      }),
      { numRuns: 60 },
    );
  });

  it('names the layer that a NaN in inputs or biases reaches first, at the first step', () => {
    const nan = (part: 'inputs' | 'biases', layer: number) =>
      poisoned(set, network, { part, layer, at: 1, value: Number.NaN });
    expect(nan('inputs', 0).settle(FREE)).toEqual({ kind: 'not-finite', layer: 1, step: 1 });
    for (let layer = 1; layer < LAYER_SIZES.length; layer++) {
      expect(nan('biases', layer - 1).settle(FREE)).toEqual({ kind: 'not-finite', layer, step: 1 });
    }
  });

  it('names a layer next to a NaN in a weight, at the latest once it meets something other than zero', () => {
    for (let layer = 0; layer < LAYER_SIZES.length - 1; layer++) {
      const report = checkedReport(poisoned(set, network, { part: 'weights', layer, at: 1, value: Number.NaN }), FREE);
      if (report.kind !== 'not-finite') throw new Error('a NaN was not seen');
      expect([layer, layer + 1]).toContain(report.layer);
      expect(report.step).toBeLessThanOrEqual(2);
    }
  });

  it('names the output at the first step of a phase whose label is NaN, and never looks at labels in a free phase', () => {
    const kernels = poisoned(set, network, { part: 'labels', layer: 0, at: 0, value: Number.NaN });
    expect(checkedReport(kernels, FREE).kind).toBe('settled');
    const nudged = phaseOf({ from: 0, into: 1, steps: 4, teaching: { kind: 'nudge', beta: 0.1 } });
    const report = checkedReport(kernels, nudged);
    expect(report).toEqual({ kind: 'not-finite', layer: LAYER_SIZES.length - 1, step: 1 });
    expect(checkedReport(kernels, { ...nudged, teaching: { kind: 'nudge', beta: 0 } }).kind).toBe('settled');
  });

  it('names the layer of a NaN among the states that a phase starts from', () => {
    for (let layer = 1; layer < LAYER_SIZES.length; layer++) {
      const kernels = poisoned(set, network);
      kernels.settle(FREE);
      const states = kernels.readStates(0, layer);
      states[1] = Number.NaN;
      kernels.writeStates(0, layer, states);
      const report = checkedReport(kernels, { ...FREE, from: 0, into: 1 });
      if (report.kind !== 'not-finite') throw new Error('a NaN was not seen');
      expect(report.step).toBe(1);
      expect(Math.abs(report.layer - layer)).toBeLessThanOrEqual(1);
    }
  });

  it('keeps a NaN to the sample that brought it', () => {
    const healthy = poisoned(set, network);
    const ill = poisoned(set, network, { part: 'inputs', layer: 0, at: 2 * LAYER_SIZES[0], value: Number.NaN });
    const report = ill.settle(FREE);
    if (report.kind !== 'not-finite') throw new Error('a NaN was not seen');
    healthy.settle({ ...FREE, steps: report.step });
    const expected = readSlot(healthy, 0);
    readSlot(ill, 0).forEach((layer, k) => {
      layer.forEach((state, at) => {
        if (Math.floor(at / LAYER_SIZES[k + 1]) !== 2) expect(state).toBe(expected[k][at]);
      });
    });
  });

  it('settles to saturated, finite states under one infinite input weight: the report does not show it', () => {
    for (const value of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const kernels = poisoned(set, network, { part: 'weights', layer: 0, at: 4, value });
      // Enough steps for a rate of 0.6 to get there.
      expect(checkedReport(kernels, { ...FREE, steps: 40 }).kind).toBe('settled');
      // Weight 4 leads from input 0 to unit 4 of layer 1.
      const unit = readSlot(kernels, 0)[0].filter((_, at) => at % LAYER_SIZES[1] === 4);
      const range = network.activation === 'tanh' ? [-1, 1] : [0, 1];
      for (const state of unit) expect(range.some((end) => Math.abs(state - end) < 1e-6)).toBe(true);
    }
  });
});

describe.each(KERNEL_SETS)('kernel set $name, on every graph and schedule', (set) => {
  const schedules = (
    ['synchronous', 'even-odd', 'anderson', 'feed-forward'] as const satisfies readonly Schedule[]
  ).filter((schedule) => schedule === 'synchronous' || has(set, schedule));
  const graphs = Object.values(GRAPHS).filter(
    (graph) => set.missing(networkOn(graph, 'tanh', DYNAMICS[1]), []).length === 0,
  );

  it('names the layer above a NaN bias at the first step', () => {
    for (const graph of graphs) {
      const connections: readonly Connection[] = graph.connections;
      for (const schedule of schedules) {
        for (let layer = 1; layer < graph.layers.length; layer++) {
          const kernels = poisoned(set, networkOn(graph, 'tanh', DYNAMICS[1]), {
            ...{ part: 'biases', layer: layer - 1, at: 0, value: Number.NaN },
          });
          const report = kernels.settle({ ...FREE, schedule });
          // Within one sweep a fresh NaN in an odd layer comes down to the even ones below it, and no other goes anywhere.
          const isSwept = layer % 2 === 1 && (schedule === 'even-odd' || schedule === 'anderson');
          const reached = connections.flatMap(({ from, to }) =>
            isSwept && to === layer && from > 0 && from % 2 === 0 ? [from] : [],
          );
          expect(report).toEqual({ kind: 'not-finite', layer: Math.min(layer, ...reached), step: 1 });
        }
      }
    }
  });

  const linear = networkOn(denseChain([1, 1, 1]), 'identity', { kind: 'discrete-map', stepSize: 1, nudge: 'inside' });
  if (set.missing(linear, []).length > 0) return;
  it('names the layer that leaves the finite numbers where states have no bound', () => {
    // Feedback of gain 10 between two linear layers: states grow tenfold a step, and end with the type of their numbers.
    const kernels = build(set, linear);
    kernels.writeParameters({
      weights: [1, 10].map((w) => Float64Array.of(w)),
      biases: [1, 1].map((b) => Float64Array.of(b)),
      feedback: [],
    });
    kernels.inputs[0] = 1;
    kernels.clamp(1);
    const last = set.elementType === 'float32' ? 38 : 308;
    for (const schedule of ['synchronous', 'even-odd'] as const) {
      if (!schedules.includes(schedule)) continue;
      const report = checkedReport(kernels, { ...FREE, schedule, steps: 1_000 });
      if (report.kind !== 'not-finite') throw new Error('infinity was not seen');
      expect(Math.abs(report.step - (schedule === 'synchronous' ? last : last / 2))).toBeLessThan(4);
    }
  });
});
