/** What a network that is not reciprocal needs, against its Jacobian, built column by column. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NetworkKernels } from '../kernel-set.ts';
import { type Dynamics, type NetworkDescription, unitsOf } from '../network.ts';
import {
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
import { distance, dot, largestOf, moved } from '../testing/slopes.ts';

const SAMPLES = 2;

/** Without complex states: displacements are an affair of the kernels. */
const ready = (network: NetworkDescription, slots: number, gain: number, seed: number) =>
  readyKernels(network, gain, seed, { batchCapacity: SAMPLES, slots });

function expectSlopes(kernels: NetworkKernels, seed: number, loss: Parameters<typeof compareSlopes>[4]): void {
  const { worst, compared } = compareSlopes(kernels, SAMPLES, kernels.readBuffer(0), seed, loss);
  expect(worst).toBeLessThan(1e-8);
  expect(compared).toBeGreaterThan(5);
}

describe('a network that is not reciprocal', () => {
  const dynamics: Dynamics = { kind: 'discrete-map', stepSize: 1, nudge: 'inside' };
  const networks = fc
    .record({
      graph: fc.constantFrom(...GRAPH_NAMES.filter((name) => !isPooled(name))),
      activation: fc.constantFrom('tanh' as const, 'logistic' as const),
    })
    .map(({ graph, activation }) => networkOn(GRAPHS[graph], activation, dynamics, { feedback: 'separate' }));
  const [FREE, MOVED, RESULT, ELSE] = [0, 1, 2, 3];

  /** All states of layers 1 on in one row. */
  const flat = (kernels: NetworkKernels, slot: number) =>
    Float64Array.from(readSlot(kernels, slot).flatMap((s) => [...s]));
  const write = (kernels: NetworkKernels, slot: number, row: Float64Array) => {
    let first = 0;
    kernels.network.layers.slice(1).forEach((shape, k) => {
      kernels.writeStates(slot, k + 1, row.slice(first, first + SAMPLES * unitsOf(shape)));
      first += SAMPLES * unitsOf(shape);
    });
  };
  /** σ(drive(s)) of every unit: one synchronous step. */
  const stepFrom = (kernels: NetworkKernels, row: Float64Array) => {
    write(kernels, ELSE, row);
    settled(kernels, { from: ELSE, into: RESULT });
    return flat(kernels, RESULT);
  };

  it('is corrected by (Jᵀ − J)(s − s⁰), J the Jacobian of its step at the free states', () => {
    const law = (network: NetworkDescription, seed: number) => {
      const kernels = ready(network, 4, 0.8, seed);
      settled(kernels, { into: FREE, steps: 5 });
      const free = flat(kernels, FREE);
      const columns = Array.from(free, (_, at) => {
        const [down, up] = [-1e-5, 1e-5].map((by) => stepFrom(kernels, moved(free, at, by)));
        return up.map((x, i) => (x - down[i]) / 2e-5);
      });
      const stream = streamOf(seed).split('shift');
      const shift = free.map((_, i) => stream.uniform(i) - 0.5);
      const there = free.map((s, i) => s + shift[i]);
      const plain = stepFrom(kernels, there);
      write(kernels, MOVED, there);
      settled(kernels, { from: MOVED, into: RESULT, teaching: { kind: 'nudge-corrected', beta: 0, about: FREE } });
      const correction = flat(kernels, RESULT).map((x, i) => x - plain[i]);
      const expected = free.map((_, i) => {
        // The diagonal −1 of J cancels.
        return dot(columns[i], shift) - columns.reduce((sum, column, j) => sum + column[i] * shift[j], 0);
      });
      // Central differences with a step of 1e-5: 1e-10 of truncation and as much of rounding, summed over some 150 units.
      expect(distance(correction, expected)).toBeLessThan(1e-8);
      expect(largestOf(correction)).toBeGreaterThan(1e-3);
    };
    fc.assert(fc.property(networks, fc.nat(), law), { numRuns: 10 });
  });

  it('adds the nudge outside the activation beside that correction', () => {
    const network = networkOn(GRAPHS['dense chain'], 'tanh', dynamics, { feedback: 'separate' });
    const kernels = ready(network, 4, 0.8, 3);
    settled(kernels, { into: FREE, steps: 5 });
    settled(kernels, { from: FREE, into: MOVED });
    settled(kernels, { from: FREE, into: RESULT, teaching: { kind: 'nudge-corrected', beta: 0.3, about: FREE } });
    const [o, plain, nudged] = [FREE, MOVED, RESULT].map((slot) => readSlot(kernels, slot)[2]);
    expect(
      distance(
        nudged,
        plain.map((x, i) => x + 0.3 * (kernels.labels[i] - o[i])),
      ),
    ).toBeLessThan(1e-15);
    expect(readSlot(kernels, RESULT).slice(0, 2)).toEqual(readSlot(kernels, MOVED).slice(0, 2));
  });

  it('has vᵀ ∂σ(drive)/∂θ as products of its states with the response', () => {
    const law = (network: NetworkDescription, seed: number) => {
      const kernels = ready(network, 4, 0.8, seed);
      settled(kernels, { into: FREE, steps: 5 });
      const free = flat(kernels, FREE);
      const stream = streamOf(seed).split('v');
      const v = free.map((_, i) => stream.uniform(i) - 0.5);
      write(
        kernels,
        MOVED,
        free.map((s, i) => s + v[i]),
      );
      kernels.response(FREE, FREE, MOVED, RESULT);
      kernels.addToGradients({
        terms: [
          { below: FREE, above: RESULT, coefficient: 1, weights: 'feedforward' },
          { below: RESULT, above: FREE, coefficient: 1, weights: 'feedback' },
        ],
        readoutAt: undefined,
      });
      expectSlopes(kernels, seed, () => dot(v, stepFrom(kernels, free)));
    };
    fc.assert(fc.property(networks, fc.nat(), law), { numRuns: 15 });
  });
});
