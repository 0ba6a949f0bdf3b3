/** Errors that travel, against differences of the costs that they are the slopes of: after some steps, after one upward sweep. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActivationName } from '../../activations/catalogue.ts';
import { softmaxCrossEntropy, squaredError } from '../../models/cost.ts';
import type { NetworkKernels } from '../kernel-set.ts';
import { type Dynamics, lastSettlingLayer, type NetworkDescription, unitsOf } from '../network.ts';
import {
  drawnStates,
  GRAPH_NAMES,
  GRAPHS,
  isPooled,
  networkOn,
  readSlot,
  readyKernels,
  settled,
  streamOf,
} from '../testing/drawn-network.ts';
import { compareSlopes } from '../testing/parameter-slopes.ts';
import { distance, dot, moved, slopeUnlessCorner } from '../testing/slopes.ts';

const ALL: readonly ActivationName[] = [
  ...(['logistic', 'tanh', 'holomorphic-hard-sigmoid', 'identity'] as const),
  ...(['hard-sigmoid', 'half-hard-sigmoid', 'clipped-relu'] as const),
];
const SAMPLES = 2;

/** Any network that can be unrolled in time or swept upwards. */
const networksOf = (dynamics: readonly Dynamics[]) =>
  fc
    .record({
      graph: fc.constantFrom(...GRAPH_NAMES),
      activation: fc.constantFrom(...ALL),
      outputActivation: fc.constantFrom(...ALL),
      dynamics: fc.constantFrom(...dynamics),
      readout: fc.constantFrom('squared-error' as const, 'softmax-cross-entropy' as const),
      feedback: fc.constantFrom('symmetric' as const, 'separate' as const),
    })
    // Separate feedback does not go back through a pooling.
    .map(({ graph, activation, dynamics: rule, feedback, ...others }) => {
      const allowed = isPooled(graph) ? 'symmetric' : feedback;
      return networkOn(GRAPHS[graph], activation, rule, { ...others, feedback: allowed });
    });

/** Without complex states: displacements are an affair of the kernels. */
const ready = (network: NetworkDescription, slots: number, gain: number, seed: number) =>
  readyKernels(network, gain, seed, { batchCapacity: SAMPLES, slots });

function expectSlopes(kernels: NetworkKernels, seed: number, loss: Parameters<typeof compareSlopes>[4]): void {
  const { worst, compared } = compareSlopes(kernels, SAMPLES, kernels.readBuffer(0), seed, loss);
  expect(worst).toBeLessThan(1e-8);
  expect(compared).toBeGreaterThan(5);
}

function costAt(kernels: NetworkKernels, slot: number): number {
  const { network } = kernels;
  const classes = kernels.labelStride;
  const last = lastSettlingLayer(network);
  const units = unitsOf(network.layers[last]);
  const states = kernels.readStates(slot, last);
  let sum = 0;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const own = states.slice(sample * units, (sample + 1) * units);
    const labels = kernels.labels.slice(sample * classes, (sample + 1) * classes);
    sum +=
      network.readout === 'squared-error'
        ? squaredError(own, labels)
        : softmaxCrossEntropy(network, kernels.readParameters(), own, labels);
  }
  return sum;
}

describe('backpropagation through time', () => {
  const STEPS = 4;
  const ADJOINT = STEPS + 1;
  const dynamics: readonly Dynamics[] = [
    { kind: 'discrete-map', stepSize: 1, nudge: 'inside' },
    { kind: 'discrete-map', stepSize: 0.6, nudge: 'outside' },
    { kind: 'energy-gradient', stepSize: 0.5 },
  ];

  it('gives the slopes of the cost after some steps in every parameter and in the states before them', () => {
    const law = (network: NetworkDescription, seed: number) => {
      const kernels = ready(network, STEPS + 2, 1, seed);
      const starts = [0, 1].map((sample) => drawnStates(network, streamOf(seed).split(`start ${sample}`)));
      const last = lastSettlingLayer(network);
      for (let layer = 1; layer <= last; layer++) {
        kernels.writeStates(0, layer, Float64Array.from(starts.flatMap((states) => [...states[layer]])));
      }
      for (let step = 0; step < STEPS; step++) settled(kernels, { from: step, into: step + 1 });
      kernels.costGradient(STEPS, ADJOINT);
      for (let step = STEPS - 1; step >= 0; step--) kernels.adjointStep(step, ADJOINT, ADJOINT);
      kernels.addToGradients({ terms: [], readoutAt: STEPS });
      const adjoint = readSlot(kernels, ADJOINT);
      const loss = () => {
        settled(kernels, { from: 0, into: STEPS, steps: STEPS });
        return costAt(kernels, STEPS);
      };
      expectSlopes(kernels, seed, loss);
      for (let layer = 1; layer <= last; layer++) {
        const states = kernels.readStates(0, layer);
        const stride = Math.max(1, Math.ceil(states.length / 6));
        for (let at = seed % stride; at < states.length; at += stride) {
          const slope = slopeUnlessCorner((by) => {
            kernels.writeStates(0, layer, moved(states, at, by));
            return loss();
          }, 1e-4);
          if (slope !== undefined) expect(Math.abs(adjoint[layer - 1][at] - slope)).toBeLessThan(1e-8);
        }
        kernels.writeStates(0, layer, states);
      }
    };
    fc.assert(fc.property(networksOf(dynamics), fc.nat(), law), { numRuns: 60 });
  });

  it('takes one slot for the adjoint before and after, or two', () => {
    const network = networkOn(GRAPHS['softmax pooling'], 'tanh', dynamics[2]);
    const kernels = ready(network, STEPS + 2, 1, 1);
    settled(kernels, { into: 0, steps: 3 });
    kernels.costGradient(0, 1);
    kernels.adjointStep(0, 1, 2);
    const apart = readSlot(kernels, 2);
    kernels.adjointStep(0, 1, 1);
    expect(readSlot(kernels, 1)).toEqual(apart);
  });

  it('refuses dynamics whose step it does not differentiate with RangeError', () => {
    const kernels = ready(
      networkOn(GRAPHS['dense chain'], 'tanh', { kind: 'prediction-error', stepSize: 0.1 }),
      3,
      1,
      1,
    );
    settled(kernels, {});
    expect(() => kernels.adjointStep(0, 1, 2)).toThrow(RangeError);
    expect(() => kernels.propagateErrors(0, 1)).toThrow(RangeError);
    expect(() => kernels.goodnessErrors(0, 1, true)).toThrow(RangeError);
  });
});

describe('errors of one upward sweep', () => {
  const dynamics: Dynamics = { kind: 'discrete-map', stepSize: 1, nudge: 'inside' };
  const errors = { below: 0, above: 1, coefficient: 1, weights: 'feedforward' } as const;

  it('give the slopes of its cost in every weight and bias', () => {
    const law = (given: NetworkDescription, seed: number) => {
      const kernels = ready({ ...given, feedback: 'symmetric' }, 2, 1, seed);
      settled(kernels, { schedule: 'feed-forward' });
      kernels.propagateErrors(0, 1);
      kernels.addToGradients({ terms: [errors], readoutAt: 0 });
      expectSlopes(kernels, seed, () => {
        settled(kernels, { schedule: 'feed-forward' });
        return costAt(kernels, 0);
      });
    };
    fc.assert(fc.property(networksOf([dynamics]), fc.nat(), law), { numRuns: 60 });
  });

  it('come down through the feedback weights where those are separate', () => {
    const network = networkOn(GRAPHS['dense chain'], 'tanh', dynamics, { feedback: 'separate' });
    const kernels = ready(network, 2, 1, 2);
    settled(kernels, { schedule: 'feed-forward' });
    kernels.propagateErrors(0, 1);
    const [states, deltas] = [readSlot(kernels, 0), readSlot(kernels, 1)];
    const { feedback } = kernels.readParameters();
    for (const [layer, units, above] of [
      [1, 4, 5],
      [2, 5, 3],
    ] as const) {
      const expected = states[layer - 1].map((s, at) => {
        const sample = Math.floor(at / units);
        const row = feedback[layer].subarray((at % units) * above, ((at % units) + 1) * above);
        return (1 - s * s) * dot(row, deltas[layer].subarray(sample * above, (sample + 1) * above));
      });
      expect(distance(deltas[layer - 1], expected)).toBeLessThan(1e-14);
    }
    // With the transposes of the weights it is the chain rule again.
    const parameters = kernels.readParameters();
    kernels.writeParameters({
      ...parameters,
      feedback: parameters.feedback.map((b, k) => (b.length === 0 ? b : parameters.weights[k])),
    });
    kernels.propagateErrors(0, 1);
    const symmetric = ready({ ...network, feedback: 'symmetric' }, 2, 1, 2);
    settled(symmetric, { schedule: 'feed-forward' });
    symmetric.propagateErrors(0, 1);
    expect(readSlot(kernels, 1)).toEqual(readSlot(symmetric, 1));
  });
});
