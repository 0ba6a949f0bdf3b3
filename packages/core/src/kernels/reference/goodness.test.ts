/** Layers' own losses, against their differences. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActivationName } from '../../activations/catalogue.ts';
import type { NetworkKernels } from '../kernel-set.ts';
import { type NetworkDescription, unitsOf } from '../network.ts';
import { GRAPH_NAMES, GRAPHS, networkOn, readSlot, readyKernels, settled } from '../testing/drawn-network.ts';
import { compareSlopes } from '../testing/parameter-slopes.ts';
import { distance, dot } from '../testing/slopes.ts';

const ALL: readonly ActivationName[] = [
  ...(['logistic', 'tanh', 'holomorphic-hard-sigmoid', 'identity'] as const),
  ...(['hard-sigmoid', 'half-hard-sigmoid', 'clipped-relu'] as const),
];
const SAMPLES = 2;

/** Without complex states: displacements are an affair of the kernels. */
const ready = (network: NetworkDescription, slots: number, gain: number, seed: number) =>
  readyKernels(network, gain, seed, { batchCapacity: SAMPLES, slots });

function expectSlopes(kernels: NetworkKernels, seed: number, loss: Parameters<typeof compareSlopes>[4]): void {
  const { worst, compared } = compareSlopes(kernels, SAMPLES, kernels.readBuffer(0), seed, loss);
  expect(worst).toBeLessThan(1e-8);
  expect(compared).toBeGreaterThan(5);
}

describe('goodness', () => {
  const THRESHOLD = 0.3;
  const networks = fc
    .record({ graph: fc.constantFrom(...GRAPH_NAMES), activation: fc.constantFrom(...ALL) })
    .map(({ graph, activation }) =>
      networkOn(
        GRAPHS[graph],
        activation,
        { kind: 'goodness', threshold: THRESHOLD },
        { readout: 'softmax-cross-entropy' },
      ),
    );
  const lossOf = (kernels: NetworkKernels, layer: number, real: boolean) => {
    const units = unitsOf(kernels.network.layers[layer]);
    const states = kernels.readStates(0, layer);
    let loss = 0;
    for (let sample = 0; sample < SAMPLES; sample++) {
      const own = states.subarray(sample * units, (sample + 1) * units);
      loss += Math.log(1 + Math.exp((real ? -1 : 1) * (dot(own, own) / units - THRESHOLD)));
    }
    return loss;
  };

  it('errors give the slopes of each layer’s own loss in what drives it, and their sum is the loss', () => {
    const law = (network: NetworkDescription, real: boolean, seed: number) => {
      const kernels = ready(network, 2, 1.5, seed);
      settled(kernels, { schedule: 'feed-forward' });
      const sum = kernels.goodnessErrors(0, 1, real);
      const layers = network.layers.slice(1, -1).map((_, k) => k + 1);
      expect(sum).toBeCloseTo(
        layers.reduce((part, layer) => part + lossOf(kernels, layer, real), 0),
        12,
      );
      kernels.addToGradients({
        terms: [{ below: 0, above: 1, coefficient: 1, weights: 'feedforward' }],
        readoutAt: undefined,
      });
      expectSlopes(kernels, seed, (part, k) => {
        settled(kernels, { schedule: 'feed-forward' });
        const layer = part === 'weights' ? network.connections[k].to : k + 1;
        return layer < network.layers.length - 1 ? lossOf(kernels, layer, real) : 0;
      });
    };
    fc.assert(fc.property(networks, fc.boolean(), fc.nat(), law), { numRuns: 40 });
  });

  it('read-out learns by the slopes of the cross-entropy of what it says of scaled states', () => {
    const law = (network: NetworkDescription, seed: number) => {
      const kernels = ready(network, 1, 1.5, seed);
      settled(kernels, { schedule: 'feed-forward' });
      kernels.addToGradients({ terms: [], readoutAt: 0 });
      const last = network.layers.length - 1;
      const loss = (part: string, k: number) => {
        if ((part === 'weights' ? network.connections[k].to : k + 1) < last) return 0;
        settled(kernels, { schedule: 'feed-forward' });
        const probabilities = kernels.readStates(0, last);
        return probabilities.reduce((sum, p, i) => sum - kernels.labels[i] * Math.log(p), 0);
      };
      expectSlopes(kernels, seed, loss);
    };
    fc.assert(fc.property(networks, fc.nat(), law), { numRuns: 20 });
  });

  it('shows layers above states of unit mean square', () => {
    const network = networkOn(
      GRAPHS['dense chain'],
      'identity',
      { kind: 'goodness', threshold: 1 },
      { readout: 'softmax-cross-entropy' },
    );
    const kernels = ready(network, 1, 1, 5);
    settled(kernels, { schedule: 'feed-forward' });
    const [first, second] = readSlot(kernels, 0);
    const { weights, biases } = kernels.readParameters();
    const shown = first.subarray(0, 4).map((s) => s / Math.sqrt(dot(first.subarray(0, 4), first.subarray(0, 4)) / 4));
    const expected = biases[1].map((bias, j) => shown.reduce((sum, s, i) => sum + s * weights[1][5 * i + j], bias));
    // The root is kept from zero by 1e-8.
    expect(distance(second.subarray(0, 5), expected)).toBeLessThan(1e-7);
  });
});
