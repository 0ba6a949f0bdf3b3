/**
 * States in the complex plane: rest states as an analytic function of a complex nudge.
 *
 *   s(β̄) = conjugate of s(β),   s(β) = Σ_n s_n βⁿ with real s_n,   the mean of s over a circle is s(0)
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActivationName } from '../../activations/catalogue.ts';
import { type Complex, onCircle } from '../../tensor/complex.ts';
import type { NetworkKernels, ParameterValues } from '../kernel-set.ts';
import type { NetworkDescription } from '../network.ts';
import { GRAPH_NAMES, GRAPHS, networkOn, readSlot, readyKernels, settled } from '../testing/drawn-network.ts';
import { distance, largestOf } from '../testing/slopes.ts';

const SMOOTH: readonly ActivationName[] = ['logistic', 'tanh', 'holomorphic-hard-sigmoid', 'identity'];
const networks = fc
  .record({
    graph: fc.constantFrom(...GRAPH_NAMES.filter((name) => name !== 'max pooling')),
    activation: fc.constantFrom(...SMOOTH),
    outputActivation: fc.constantFrom(...SMOOTH),
    readout: fc.constantFrom('squared-error' as const, 'softmax-cross-entropy' as const),
    nudge: fc.constantFrom('inside' as const, 'outside' as const),
    stepSize: fc.constantFrom(1, 0.6),
  })
  .map(({ graph, activation, outputActivation, readout, nudge, stepSize }) =>
    networkOn(GRAPHS[graph], activation, { kind: 'discrete-map', stepSize, nudge }, { outputActivation, readout }),
  );

const FREE = 0;
const AT = 1;
const DIFFERENCE = 2;

function ready(network: NetworkDescription, seed: number): NetworkKernels {
  const kernels = readyKernels(network, 0.4, seed, { batchCapacity: 2, slots: 3, complexStates: true });
  settled(kernels, { into: FREE, steps: 3_000, tolerance: 1e-14 });
  return kernels;
}

/** States at rest and ∂Φ/∂θ there, whose real part times c is what a contrast of c gives. */
function restAt(kernels: NetworkKernels, beta: Complex): { states: Float64Array; re: Float64Array; im: Float64Array } {
  settled(kernels, { from: FREE, into: AT, steps: 3_000, tolerance: 1e-14, teaching: { kind: 'nudge', beta } });
  const quantity = (coefficient: Complex) => {
    kernels.writeBuffer(0, zeros(kernels.readBuffer(0)));
    kernels.addToGradients({
      terms: [{ below: AT, above: AT, coefficient, weights: 'feedforward' }],
      readoutAt: undefined,
    });
    return flat(kernels.readBuffer(0));
  };
  return {
    states: Float64Array.from(readSlot(kernels, AT).flatMap((layer) => [...layer])),
    re: quantity({ re: 1, im: 0 }),
    // Re[−i z] = Im z.
    im: quantity({ re: 0, im: -1 }),
  };
}

const zeros = ({ weights, biases, feedback }: ParameterValues): ParameterValues => {
  const empty = (parts: ParameterValues['weights']) => parts.map(({ length }) => new Float64Array(length));
  return { weights: empty(weights), biases: empty(biases), feedback: empty(feedback) };
};
const flat = ({ weights, biases }: ParameterValues) =>
  Float64Array.from([...weights, ...biases].flatMap((part) => [...part]));

/** Rest states to 1e-14 a step and their products, summed over a batch and positions. */
const TOLERANCE = 1e-10;

describe('complex rest states', () => {
  it('are conjugate for conjugate nudges', () => {
    const law = (network: NetworkDescription, turns: number, seed: number) => {
      const kernels = ready(network, seed);
      const beta = onCircle(0.2, turns);
      const [above, below] = [restAt(kernels, beta), restAt(kernels, { re: beta.re, im: -beta.im })];
      expect(distance(above.states, below.states)).toBeLessThan(TOLERANCE);
      expect(distance(above.re, below.re)).toBeLessThan(TOLERANCE);
      expect(
        distance(
          above.im,
          below.im.map((y) => -y),
        ),
      ).toBeLessThan(TOLERANCE);
    };
    fc.assert(fc.property(networks, fc.double({ min: 0.05, max: 0.45, noNaN: true }), fc.nat(), law), { numRuns: 25 });
  });

  it('are the real ones where the nudge is real', () => {
    const law = (network: NetworkDescription, beta: number, seed: number) => {
      const kernels = ready(network, seed);
      const flatBeta = restAt(kernels, { re: beta, im: 0 });
      // Complex throughout: from a slot that is, though with imaginary parts that die away.
      settled(kernels, { from: FREE, into: AT, steps: 5, teaching: { kind: 'nudge', beta: { re: beta, im: 0.1 } } });
      const back = { from: AT, into: DIFFERENCE, steps: 3_000, tolerance: 1e-14 } as const;
      settled(kernels, { ...back, teaching: { kind: 'nudge', beta } });
      const states = Float64Array.from(readSlot(kernels, DIFFERENCE).flatMap((layer) => [...layer]));
      expect(distance(states, flatBeta.states)).toBeLessThan(TOLERANCE);
      expect(largestOf(flatBeta.im)).toBe(0);
    };
    fc.assert(
      fc.property(
        networks,
        fc.integer({ min: -300, max: 300 }).map((k) => k / 1_000),
        fc.nat(),
        law,
      ),
      { numRuns: 25 },
    );
  });

  it('are analytic in the nudge: over N points of a circle every power but the multiples of N averages out', () => {
    const law = (network: NetworkDescription, seed: number) => {
      const kernels = ready(network, seed);
      // Mean of e^(−2πi k n / N) q(β e^(2πi k / N)) is the n-th Taylor term, but for aliases from order N + n on.
      const term = (radius: number, points: number, order: number) => {
        const sum = { re: new Float64Array(flat(kernels.readBuffer(0)).length), im: new Float64Array(0) };
        for (let k = 0; k < points; k++) {
          const { re, im } = restAt(kernels, onCircle(radius, k / points));
          const back = onCircle(1 / points, -(k * order) / points);
          for (let i = 0; i < re.length; i++) sum.re[i] += back.re * re[i] - back.im * im[i];
        }
        return sum.re;
      };
      const free = restAt(kernels, { re: 0, im: 0 }).re;
      expect(distance(term(0.05, 8, 0), free)).toBeLessThan(1e-8);
      // The first order divided by the radius is dq/dβ, whatever the radius.
      const [wide, narrow] = [term(0.1, 8, 1).map((x) => x / 0.1), term(0.05, 8, 1).map((x) => x / 0.05)];
      expect(distance(wide, narrow)).toBeLessThan(1e-5 * Math.max(1, largestOf(narrow)));
      // And is the slope along the real axis, to the accuracy of a fourth-order difference.
      const [farDown, down, up, farUp] = [-0.02, -0.01, 0.01, 0.02].map((re) => restAt(kernels, { re, im: 0 }).re);
      const slope = up.map((x, i) => (8 * (x - down[i]) - (farUp[i] - farDown[i])) / 0.12);
      expect(distance(narrow, slope)).toBeLessThan(1e-4 * Math.max(1, largestOf(slope)));
    };
    fc.assert(fc.property(networks, fc.nat(), law), { numRuns: 12 });
  });
});

describe('a slot', () => {
  it('keeps imaginary parts through a phase that starts from it, and loses them when states are written', () => {
    const kernels = ready(
      networkOn(GRAPHS['dense chain'], 'tanh', { kind: 'discrete-map', stepSize: 1, nudge: 'inside' }),
      4,
    );
    const { im } = restAt(kernels, { re: 0, im: 0.3 });
    expect(largestOf(im)).toBeGreaterThan(1e-3);
    const imaginary = (slot: number) => {
      kernels.writeBuffer(0, zeros(kernels.readBuffer(0)));
      const coefficient = { re: 0, im: -1 };
      kernels.addToGradients({
        terms: [{ below: slot, above: slot, coefficient, weights: 'feedforward' }],
        readoutAt: undefined,
      });
      return largestOf(flat(kernels.readBuffer(0)));
    };
    settled(kernels, { from: AT, into: DIFFERENCE, steps: 1 });
    expect(imaginary(DIFFERENCE)).toBeGreaterThan(1e-3);
    kernels.writeStates(AT, 1, kernels.readStates(AT, 1));
    expect(imaginary(AT)).toBe(0);
    settled(kernels, { from: AT, into: DIFFERENCE, steps: 1 });
    expect(imaginary(DIFFERENCE)).toBe(0);
  });
});
