import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Contrast, NetworkKernels, ParameterValues, Phase, Slot } from '../kernels/kernel-set.ts';
import { denseChain, type NetworkDescription } from '../kernels/network.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { optimizerFrom } from './catalogue.ts';
import type { OptimizerDescription } from './optimizer-description.ts';

const SAMPLES = 3;
const BETA = 0.2;
const NETWORK: NetworkDescription = {
  ...denseChain([2, 3, 2]),
  activation: 'tanh',
  outputActivation: 'tanh',
  dynamics: { kind: 'discrete-map', stepSize: 1, nudge: 'inside' },
  feedback: 'symmetric',
  readout: 'squared-error',
};
const PARAMETERS: ParameterValues = {
  weights: [Float64Array.of(0.3, -0.2, 0.1, 0.2, 0.4, -0.3), Float64Array.of(0.2, 0.1, -0.4, 0.3, 0.2, 0.1)],
  biases: [Float64Array.of(0.1, 0, -0.1), Float64Array.of(0.05, -0.05)],
  feedback: [],
};
/** Centred equilibrium propagation: [∂E/∂θ(β) − ∂E/∂θ(−β)] / 2β, and ∂E/∂W = −s ⊗ s. */
const CONTRAST: Contrast = {
  terms: [
    { below: 1, above: 1, coefficient: -1 / (2 * BETA), weights: 'feedforward' },
    { below: 2, above: 2, coefficient: 1 / (2 * BETA), weights: 'feedforward' },
  ],
  readoutAt: 0,
};

function descent(weights: readonly number[], others: Partial<OptimizerDescription> = {}): OptimizerDescription {
  return {
    rule: { kind: 'gradient-descent' },
    learningRates: { weights, biases: weights, feedback: [] },
    weightDecay: 0,
    schedule: { kind: 'constant' },
    clipping: { kind: 'none' },
    ...others,
  };
}

function settle(kernels: NetworkKernels, from: Phase['from'], into: Slot, beta: number) {
  const teaching = beta === 0 ? ({ kind: 'none' } as const) : ({ kind: 'nudge', beta } as const);
  kernels.settle({
    from,
    into,
    schedule: 'synchronous',
    teaching,
    steps: 60,
    tolerance: 0,
    leastSteps: 1,
    interruptible: false,
  });
}

/** A batch of `copies` times the same three samples, settled and ready for an update. */
function settled(parameterBuffers: number, copies = 1): NetworkKernels {
  const workspace = {
    batchCapacity: SAMPLES * copies,
    slots: 3,
    parameterBuffers,
    complexStates: false,
    anderson: false,
  };
  const memory = createArenaMemory(referenceKernels.predictBytes(NETWORK, workspace));
  const kernels = referenceKernels.build(NETWORK, workspace, openArena(memory));
  for (let copy = 0; copy < copies; copy++) {
    kernels.inputs.set([0.5, -0.5, 1, 0.2, -0.3, 0.8], copy * SAMPLES * 2);
    kernels.labels.set([1, 0, 0, 1, 1, 0], copy * SAMPLES * 2);
  }
  kernels.writeParameters(PARAMETERS);
  kernels.clamp(SAMPLES * copies);
  settle(kernels, 'zeros', 0, 0);
  settle(kernels, 0, 1, BETA);
  settle(kernels, 0, 2, -BETA);
  return kernels;
}

/** What an update did, connection by connection with the biases above it. */
function changes(kernels: NetworkKernels): number[][] {
  const { weights, biases } = kernels.readParameters();
  return weights.map((values, k) => [
    ...[...values].map((value, i) => value - PARAMETERS.weights[k][i]),
    ...[...biases[k]].map((value, i) => value - PARAMETERS.biases[k][i]),
  ]);
}

function update(description: OptimizerDescription, { copies = 1, epochs = 0 } = {}): number[][] {
  const optimizer = optimizerFrom(description, { accumulates: false });
  const kernels = settled(optimizer.parameterBuffers, copies);
  optimizer.update(
    kernels,
    { kind: 'contrast', contrast: CONTRAST },
    { samples: SAMPLES * copies, updates: 0, epochs },
  );
  return changes(kernels);
}

function costOf(kernels: NetworkKernels): number {
  kernels.clamp(SAMPLES);
  settle(kernels, 'zeros', 0, 0);
  return kernels.readStates(0, 2).reduce((sum, output, i) => sum + (kernels.labels[i] - output) ** 2 / 2, 0);
}

function expectSame(seen: readonly number[][], expected: readonly number[][]) {
  const off = seen.flatMap((change, k) => change.map((value, i) => Math.abs(value - expected[k][i])));
  expect(off.length).toBe(17);
  expect(Math.max(...off)).toBeLessThan(1e-13);
}

const rates = fc.double({ min: 0, max: 0.5, noNaN: true });

describe('gradient descent without weight decay and clipping', () => {
  it('needs no buffers, unless its estimator accumulates gradients', () => {
    expect(optimizerFrom(descent([1, 1]), { accumulates: false }).parameterBuffers).toBe(0);
    expect(optimizerFrom(descent([1, 1]), { accumulates: true }).parameterBuffers).toBe(1);
  });

  it('lowers the cost of the batch for every small enough rate', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 0.3, noNaN: true }), (rate) => {
        const kernels = settled(0);
        const before = costOf(kernels);
        settle(kernels, 0, 1, BETA);
        settle(kernels, 0, 2, -BETA);
        const optimizer = optimizerFrom(descent([rate, rate]), { accumulates: false });
        optimizer.update(
          kernels,
          { kind: 'contrast', contrast: CONTRAST },
          { samples: SAMPLES, updates: 0, epochs: 0 },
        );
        expect(costOf(kernels)).toBeLessThan(before);
      }),
    );
  });

  it('moves every connection and every layer of biases in proportion to its own rate', () => {
    const unit = update(descent([1, 1]));
    fc.assert(
      fc.property(rates, rates, rates, rates, (below, above, belowBiases, aboveBiases) => {
        const learningRates = { weights: [below, above], biases: [belowBiases, aboveBiases], feedback: [] };
        const moved = update(descent([], { learningRates }));
        expectSame(
          moved,
          unit.map((change, k) =>
            change.map((value, i) => {
              const isWeight = i < PARAMETERS.weights[k].length;
              return value * (isWeight ? learningRates.weights[k] : learningRates.biases[k]);
            }),
          ),
        );
      }),
    );
    for (const change of unit) expect(change.every((value) => value !== 0)).toBe(true);
  });

  it('moves as the same descent does by way of stored gradients', () => {
    fc.assert(
      fc.property(rates, rates, fc.integer({ min: 1, max: 3 }), (below, above, copies) => {
        const description = descent([below, above]);
        // A bound that nothing reaches, so that only the way differs.
        const stored = update({ ...description, clipping: { kind: 'value', limit: 1e9 } }, { copies });
        expectSame(update(description, { copies }), stored);
      }),
    );
  });

  it('follows gradients that an estimator has accumulated, and leaves them at zero', () => {
    const kernels = settled(1);
    kernels.addToGradients(CONTRAST);
    const optimizer = optimizerFrom(descent([0.3, 0.1]), { accumulates: true });
    optimizer.update(kernels, { kind: 'accumulated' }, { samples: SAMPLES, updates: 0, epochs: 0 });
    expectSame(changes(kernels), update(descent([0.3, 0.1])));
    expect(kernels.parameters.every(({ buffers }) => buffers[0].every((value) => value === 0))).toBe(true);
  });

  it('goes by its schedule', () => {
    const schedule = { kind: 'step', everyEpochs: 2, factor: 0.5 } as const;
    const halved = update(descent([0.5, 0.25]));
    expectSame(update(descent([1, 0.5], { schedule }), { epochs: 3.5 }), halved);
  });

  it('averages over the batch: the same samples twice move as far as once', () => {
    expectSame(update(descent([0.3, 0.1]), { copies: 2 }), update(descent([0.3, 0.1])));
  });

  it('moves a connection of rate zero by nothing at all', () => {
    const [still, moving] = update(descent([0, 0.5]));
    expect(still.every((value) => value === 0)).toBe(true);
    expect(moving.every((value) => value !== 0)).toBe(true);
  });
});
