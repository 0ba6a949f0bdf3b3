import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NetworkKernels } from '../kernels/kernel-set.ts';
import { denseChain, type NetworkDescription } from '../kernels/network.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { initialParameters } from '../models/initialization.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { randomStream } from '../tensor/random.ts';
import { optimizerFrom } from './catalogue.ts';
import type { Optimizer } from './optimizer.ts';

const NETWORK: NetworkDescription = {
  ...denseChain([3, 4, 2]),
  activation: 'hard-sigmoid',
  outputActivation: 'hard-sigmoid',
  dynamics: { kind: 'energy-gradient', stepSize: 0.5 },
  feedback: 'symmetric',
  readout: 'squared-error',
};
const WEIGHTS = 20;

/** A network of binary weights ±α₀ and ±α₁. */
function build(seed: number): NetworkKernels {
  const workspace = { batchCapacity: 1, slots: 1, parameterBuffers: 2, complexStates: false, anderson: false };
  const memory = createArenaMemory(referenceKernels.predictBytes(NETWORK, workspace));
  const kernels = referenceKernels.build(NETWORK, workspace, openArena(memory));
  const description = { name: 'fan-in-uniform', gains: [], binary: true } as const;
  kernels.writeParameters(initialParameters(description, NETWORK, randomStream(seed, 'init')));
  return kernels;
}

function flipping(momentumGains: readonly number[], thresholds: readonly number[]): Optimizer {
  return optimizerFrom(
    {
      rule: { kind: 'binary-flip', momentumGains, thresholds },
      learningRates: { weights: [], biases: [0.1, 0.2], feedback: [] },
      weightDecay: 0,
      schedule: { kind: 'constant' },
      clipping: { kind: 'none' },
    },
    { accumulates: true },
  );
}

function weightsOf(kernels: NetworkKernels): readonly (readonly number[])[] {
  return kernels.readParameters().weights.map((values) => [...values]);
}

function learn(kernels: NetworkKernels, optimizer: Optimizer, sums: readonly number[], updates: number) {
  let at = 0;
  for (const { kind, buffers } of kernels.parameters) {
    if (kind !== 'weights') continue;
    buffers[0].set(sums.slice(at, at + buffers[0].length));
    at += buffers[0].length;
  }
  optimizer.update(kernels, { kind: 'accumulated' }, { samples: 4, updates, epochs: 0 });
}

const gains = fc.double({ min: 1e-6, max: 1, noNaN: true });
const thresholds = fc.double({ min: 0, max: 1, noNaN: true });
const batch = fc.array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: WEIGHTS, maxLength: WEIGHTS });

describe('binary flips', () => {
  it('flip a weight exactly when −sign(w) · m > τ, and preserve its magnitude to the bit', () => {
    let flips = 0;
    let stays = 0;
    fc.assert(
      fc.property(
        fc.tuple(gains, gains),
        fc.tuple(thresholds, thresholds),
        fc.array(batch, { minLength: 1, maxLength: 8 }),
        fc.nat(),
        (γ, τ, batches, seed) => {
          const kernels = build(seed);
          const optimizer = flipping(γ, τ);
          batches.forEach((sums, updates) => {
            const before = weightsOf(kernels);
            learn(kernels, optimizer, sums, updates);
            const momentum = kernels.readBuffer(1).weights;
            weightsOf(kernels).forEach((after, k) => {
              const expected = before[k].map((w, i) => (-Math.sign(w) * momentum[k][i] > τ[k] ? -w : w));
              expect(after).toEqual(expected);
              for (const [i, w] of after.entries()) {
                if (w === before[k][i]) stays++;
                else flips++;
              }
              expect(new Set(after.map(Math.abs)).size).toBe(1);
            });
          });
        },
      ),
    );
    expect(flips).toBeGreaterThan(100);
    expect(stays).toBeGreaterThan(100);
  });

  it('flip in the direction in which the cost falls, after as many equal gradients as γ and τ ask for', () => {
    const strengths = fc.double({ min: 0.1, max: 2, noNaN: true });
    const fraction = fc.double({ min: 0.01, max: 0.95, noNaN: true });
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        strengths,
        fraction,
        fc.nat(),
        (gain, strength, part, seed) => {
          // m after n equal gradients: (1 − (1 − γ)ⁿ) times that gradient, against it.
          const threshold = part * strength;
          const due = gain === 1 ? 1 : Math.log(1 - part) / Math.log(1 - gain);
          fc.pre(Math.abs(due - Math.round(due)) > 1e-6 || gain === 1);
          const kernels = build(seed);
          const before = weightsOf(kernels);
          const optimizer = flipping([gain, gain], [threshold, threshold]);
          // The cost grows with the weights: those above zero have to go.
          const sums = new Array<number>(WEIGHTS).fill(4 * strength);
          for (let updates = 0; updates < Math.ceil(due) - 1; updates++) learn(kernels, optimizer, sums, updates);
          expect(weightsOf(kernels)).toEqual(before);
          learn(kernels, optimizer, sums, Math.ceil(due) - 1);
          expect(weightsOf(kernels)).toEqual(before.map((values) => values.map((w) => -Math.abs(w))));
        },
      ),
    );
  });

  it('do nothing without a gradient, even at threshold 0', () => {
    const kernels = build(1);
    const before = weightsOf(kernels);
    learn(kernels, flipping([0.5, 0.5], [0, 0]), new Array<number>(WEIGHTS).fill(0), 0);
    expect(weightsOf(kernels)).toEqual(before);
  });
});
