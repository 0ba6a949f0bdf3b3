/** Products of states of two slots, entry by entry. */
import { describe, expect, it } from 'vitest';
import { activationNamed } from '../../activations/catalogue.ts';
import type { NetworkDescription } from '../network.ts';
import { GRAPHS, networkOn, readSlot, readyKernels, settled } from '../testing/drawn-network.ts';
import { distance } from '../testing/slopes.ts';

const SAMPLES = 2;

const ready = (network: NetworkDescription, slots: number, gain: number, seed: number) =>
  readyKernels(network, gain, seed, { batchCapacity: SAMPLES, slots });

describe('a product of two slots', () => {
  it('takes what layers below show in one and what layers above show in the other', () => {
    for (const dynamics of [
      { kind: 'energy-gradient', stepSize: 0.5 },
      { kind: 'discrete-map', stepSize: 1, nudge: 'inside' },
      { kind: 'prediction-error', stepSize: 0.1 },
    ] as const) {
      const network = networkOn(GRAPHS['dense chain'], 'logistic', dynamics);
      const kernels = ready(network, 2, 1, 6);
      settled(kernels, { into: 0, steps: 2 });
      settled(kernels, { into: 1, steps: 5 });
      kernels.addToGradients({
        terms: [{ below: 0, above: 1, coefficient: 2, weights: 'feedforward' }],
        readoutAt: undefined,
      });
      const { weights, biases } = kernels.readBuffer(0);
      const { value } = activationNamed('logistic');
      const shown = (slot: number) => {
        const states = readSlot(kernels, slot);
        return dynamics.kind === 'discrete-map' ? states : states.map((s) => s.map(value));
      };
      const parameters = kernels.readParameters();
      const [below, above] = [shown(0), dynamics.kind === 'prediction-error' ? readSlot(kernels, 1) : shown(1)];
      const emitted = shown(1);
      for (const [k, units, upper] of [
        [1, 4, 5],
        [2, 5, 3],
      ] as const) {
        const factor = above[k].map((s, at) => {
          if (dynamics.kind !== 'prediction-error') return s;
          const [sample, j] = [Math.floor(at / upper), at % upper];
          let prediction = parameters.biases[k][j];
          for (let i = 0; i < units; i++)
            prediction += emitted[k - 1][sample * units + i] * parameters.weights[k][i * upper + j];
          return s - prediction;
        });
        const expected = Float64Array.from({ length: units * upper }, (_, at) => {
          const [i, j] = [Math.floor(at / upper), at % upper];
          return (
            2 * [0, 1].reduce((sum, sample) => sum + below[k - 1][sample * units + i] * factor[sample * upper + j], 0)
          );
        });
        expect(distance(weights[k], expected)).toBeLessThan(1e-13);
        const bias = Float64Array.from({ length: upper }, (_, j) => 2 * (factor[j] + factor[upper + j]));
        expect(distance(biases[k], bias)).toBeLessThan(1e-13);
      }
    }
  });
});
