import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Contrast, NetworkKernels, ParameterTensor } from '../kernels/kernel-set.ts';
import { denseChain, type NetworkDescription } from '../kernels/network.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { optimizerFrom } from './catalogue.ts';
import type { Optimizer } from './optimizer.ts';
import type { Clipping, OptimizerDescription, UpdateRule } from './optimizer-description.ts';

/** What an entry's rule does with ĝ, in float64; `memory` is the entry's own. */
type Recurrence = (entry: {
  readonly tensor: ParameterTensor;
  readonly theta: number;
  readonly gradient: number;
  readonly rate: number;
  readonly count: number;
  readonly memory: number[];
}) => number;

interface Case {
  readonly rule: UpdateRule;
  readonly memories: number;
  readonly next: Recurrence;
}

const GAINS = [0.3, 0.6];
const THRESHOLDS = [0.05, 0.2];

/** Every rule, and beside it its equations once more, in the words of its source. */
const CASES: readonly Case[] = [
  {
    rule: { kind: 'gradient-descent' },
    memories: 0,
    next: ({ theta, gradient, rate }) => theta - rate * gradient,
  },
  {
    rule: { kind: 'momentum', momentum: 0.9 },
    memories: 1,
    next({ theta, gradient, rate, memory }) {
      memory[0] = 0.9 * memory[0] + gradient;
      return theta - rate * memory[0];
    },
  },
  {
    rule: { kind: 'nesterov', momentum: 0.8 },
    memories: 1,
    next({ theta, gradient, rate, memory }) {
      memory[0] = 0.8 * memory[0] + gradient;
      return theta - rate * gradient - rate * 0.8 * memory[0];
    },
  },
  {
    rule: { kind: 'adam', firstMomentDecay: 0.9, secondMomentDecay: 0.99, epsilon: 1e-3 },
    memories: 2,
    next({ theta, gradient, rate, count, memory }) {
      memory[0] = 0.9 * memory[0] + 0.1 * gradient;
      memory[1] = 0.99 * memory[1] + 0.01 * gradient ** 2;
      const mean = memory[0] / (1 - 0.9 ** count);
      const square = memory[1] / (1 - 0.99 ** count);
      return theta - (rate * mean) / (Math.sqrt(square) + 1e-3);
    },
  },
  {
    rule: { kind: 'binary-flip', momentumGains: GAINS, thresholds: THRESHOLDS },
    memories: 1,
    next({ tensor, theta, gradient, rate, memory }) {
      if (tensor.kind !== 'weights') return theta - rate * gradient;
      memory[0] = (1 - GAINS[tensor.index]) * memory[0] + GAINS[tensor.index] * -gradient;
      return -Math.sign(theta) * memory[0] > THRESHOLDS[tensor.index] ? -theta : theta;
    },
  },
];

const NETWORK: NetworkDescription = {
  ...denseChain([3, 4, 2]),
  activation: 'tanh',
  outputActivation: 'tanh',
  dynamics: { kind: 'discrete-map', stepSize: 1, nudge: 'inside' },
  feedback: 'separate',
  readout: 'squared-error',
};
/** 12 + 8 weights, 4 + 2 biases, and 8 weights of feedback. */
const ENTRIES = 34;

function build(parameterBuffers: number, network = NETWORK): NetworkKernels {
  const workspace = { batchCapacity: 2, slots: 2, parameterBuffers, complexStates: false, anderson: false };
  const bytes = referenceKernels.predictBytes(network, workspace);
  return referenceKernels.build(network, workspace, openArena(createArenaMemory(bytes)));
}

/** Deals `numbers` out to one array of every parameter, in the parameters' order. */
function deal(
  kernels: NetworkKernels,
  arrayOf: (tensor: ParameterTensor) => ParameterTensor['values'],
  numbers: readonly number[],
) {
  let at = 0;
  for (const tensor of kernels.parameters) {
    const array = arrayOf(tensor);
    array.set(numbers.slice(at, at + array.length));
    at += array.length;
  }
  expect(at).toBe(ENTRIES);
}

function valuesOf(kernels: NetworkKernels): number[] {
  return kernels.parameters.flatMap(({ values }) => [...values]);
}

function describedBy(rule: UpdateRule, others: Partial<OptimizerDescription> = {}): OptimizerDescription {
  return {
    rule,
    learningRates: { weights: rule.kind === 'binary-flip' ? [] : [0.1, 0.2], biases: [0.05, 0.3], feedback: [0, 0.15] },
    weightDecay: 0,
    schedule: { kind: 'constant' },
    clipping: { kind: 'none' },
    ...others,
  };
}

/** The gradients already lie in buffer 0, so that a plain descent has one as well. */
function made(description: OptimizerDescription): Optimizer {
  return optimizerFrom(description, { accumulates: true });
}

function learn(
  kernels: NetworkKernels,
  optimizer: Optimizer,
  sums: readonly number[],
  samples: number,
  updates: number,
) {
  deal(kernels, ({ buffers }) => buffers[0], sums);
  optimizer.update(kernels, { kind: 'accumulated' }, { samples, updates, epochs: updates / 2 });
}

const numbers = (largest: number) =>
  fc.array(fc.double({ min: -largest, max: largest, noNaN: true }), { minLength: ENTRIES, maxLength: ENTRIES });
const runs = fc.record({
  start: numbers(1),
  sums: fc.array(numbers(20), { minLength: 1, maxLength: 6 }),
  samples: fc.integer({ min: 1, max: 40 }),
});
const clippings: fc.Arbitrary<Clipping> = fc.oneof(
  fc.constant({ kind: 'none' } as const),
  fc.record({ kind: fc.constantFrom('norm', 'value'), limit: fc.double({ min: 0.01, max: 3, noNaN: true }) }),
);

describe.each(CASES)('$rule.kind', ({ rule, memories, next }) => {
  const decays = rule.kind === 'binary-flip' ? fc.constant(0) : fc.double({ min: 0, max: 0.2, noNaN: true });

  it('is named after its rule and remembers in buffers behind the gradients', () => {
    const optimizer = made(describedBy(rule));
    expect(optimizer.name).toBe(rule.kind);
    expect(optimizer.parameterBuffers).toBe(1 + memories);
  });

  it('follows its equations, with decay, clipping and schedule, from any parameters and gradients', () => {
    fc.assert(
      fc.property(runs, decays, clippings, ({ start, sums, samples }, weightDecay, clipping) => {
        const schedule = { kind: 'exponential', factorPerEpoch: 0.7 } as const;
        const description = describedBy(rule, { weightDecay, clipping, schedule });
        const rates = { ...description.learningRates, weights: [0.1, 0.2] };
        const optimizer = made(description);
        const kernels = build(optimizer.parameterBuffers);
        deal(kernels, ({ values }) => values, start);
        // One line an entry, in the order in which numbers are dealt.
        const entries = kernels.parameters.flatMap((tensor) =>
          [...tensor.values].map((theta) => ({ tensor, theta, memory: [0, 0] })),
        );
        sums.forEach((batch, updates) => {
          learn(kernels, optimizer, batch, samples, updates);
          // Every entry learns: the only tensor with rate 0 is that of a connection without feedback, which is empty.
          const norm = Math.hypot(...batch.map((sum) => sum / samples));
          entries.forEach((entry, i) => {
            const { tensor, theta, memory } = entry;
            let gradient = batch[i] / samples;
            if (clipping.kind === 'norm') gradient *= Math.min(1, clipping.limit / norm);
            if (clipping.kind === 'value')
              gradient = Math.sign(gradient) * Math.min(Math.abs(gradient), clipping.limit);
            if (tensor.kind !== 'biases') gradient += weightDecay * theta;
            const base = tensor.kind === 'biases' ? rates.biases[tensor.index - 1] : rates[tensor.kind][tensor.index];
            const rate = base * 0.7 ** Math.floor(updates / 2);
            entry.theta = next({ tensor, theta, gradient, rate, count: updates + 1, memory });
          });
        });
        const off = valuesOf(kernels).map((value, i) => Math.abs(value - entries[i].theta));
        expect(Math.max(...off)).toBeLessThan(1e-12);
      }),
    );
  });

  it('averages over the batch: twice the sum over twice the samples is the same update, bit for bit', () => {
    fc.assert(
      fc.property(runs, clippings, ({ start, sums, samples }, clipping) => {
        const [once, twice] = [1, 2].map((times) => {
          const optimizer = made(describedBy(rule, { clipping }));
          const kernels = build(optimizer.parameterBuffers);
          deal(kernels, ({ values }) => values, start);
          sums.forEach((batch, updates) => {
            learn(
              kernels,
              optimizer,
              batch.map((sum) => sum * times),
              samples * times,
              updates,
            );
          });
          return kernels;
        });
        expect(valuesOf(twice)).toEqual(valuesOf(once));
      }),
    );
  });

  it('continues bit for bit from parameters, memories and the count of updates', () => {
    fc.assert(
      fc.property(runs, fc.nat({ max: 6 }), decays, ({ start, sums, samples }, stop, weightDecay) => {
        const description = describedBy(rule, { weightDecay });
        const whole = build(1 + memories);
        deal(whole, ({ values }) => values, start);
        let kernels = build(1 + memories);
        deal(kernels, ({ values }) => values, start);
        sums.forEach((batch, updates) => {
          if (updates === stop) {
            const fresh = build(1 + memories);
            fresh.writeParameters(kernels.readParameters());
            for (let buffer = 1; buffer <= memories; buffer++) fresh.writeBuffer(buffer, kernels.readBuffer(buffer));
            kernels = fresh;
          }
          // A new optimizer every time: all that it knows must lie in the buffers and in the count.
          learn(kernels, made(description), batch, samples, updates);
          learn(whole, made(description), batch, samples, updates);
        });
        expect(valuesOf(kernels)).toEqual(valuesOf(whole));
      }),
    );
  });

  it('keeps zeros whose gradients are zero, as padding is, and leaves no gradient behind', () => {
    fc.assert(
      fc.property(runs, decays, clippings, ({ start, sums, samples }, weightDecay, clipping) => {
        const optimizer = made(describedBy(rule, { weightDecay, clipping }));
        const kernels = build(optimizer.parameterBuffers);
        const padded = (list: readonly number[]) => list.map((value, i) => (i % 3 === 0 ? 0 : value));
        deal(kernels, ({ values }) => values, padded(start));
        sums.forEach((batch, updates) => {
          learn(kernels, optimizer, padded(batch), samples, updates);
        });
        const arrays = [
          (t: ParameterTensor) => t.values,
          ...Array.from({ length: memories }, (_, m) => (t: ParameterTensor) => t.buffers[m + 1]),
        ];
        for (const arrayOf of arrays) {
          const padding = kernels.parameters.flatMap((tensor) => [...arrayOf(tensor)]).filter((_, i) => i % 3 === 0);
          expect(padding.every((value) => Object.is(value, 0))).toBe(true);
        }
        expect(kernels.parameters.every(({ buffers }) => buffers[0].every((value) => value === 0))).toBe(true);
      }),
    );
  });

  it('leaves parameters of rate 0 where they are, remembers nothing for them and clips as if they were not there', () => {
    fc.assert(
      fc.property(runs, ({ start, sums, samples }) => {
        const description = describedBy(rule, { clipping: { kind: 'norm', limit: 0.1 } });
        const { learningRates } = description;
        const frozen = { ...description, learningRates: { ...learningRates, biases: [0, 0.3], feedback: [0, 0] } };
        const isFrozen = ({ kind, index }: ParameterTensor) =>
          (kind === 'biases' && index === 1) || kind === 'feedback';
        const [seen, unseen] = [1, 0].map((strength) => {
          const optimizer = made(frozen);
          const kernels = build(optimizer.parameterBuffers);
          deal(kernels, ({ values }) => values, start);
          const share = kernels.parameters.flatMap((t) => [...t.values].map(() => (isFrozen(t) ? strength : 1)));
          sums.forEach((batch, updates) => {
            learn(
              kernels,
              optimizer,
              batch.map((sum, i) => sum * share[i]),
              samples,
              updates,
            );
          });
          return kernels;
        });
        expect(valuesOf(seen)).toEqual(valuesOf(unseen));
        expect(valuesOf(seen).slice(20, 24)).toEqual(start.slice(20, 24));
        expect(valuesOf(seen).slice(26)).toEqual(start.slice(26));
        for (const { buffers } of seen.parameters.filter(isFrozen)) {
          expect(buffers.every((buffer) => buffer.every((value) => value === 0))).toBe(true);
        }
      }),
    );
  });

  it('takes a contrast of states for the gradient that the kernels make of it', () => {
    const contrast: Contrast = {
      terms: [
        { below: 1, above: 1, coefficient: -5, weights: 'feedforward' },
        { below: 0, above: 0, coefficient: 5, weights: 'feedforward' },
        { below: 1, above: 1, coefficient: -3, weights: 'feedback' },
      ],
      readoutAt: 0,
    };
    const optimizer = made(describedBy(rule, { clipping: { kind: 'value', limit: 100 } }));
    const [given, computed] = [true, false].map((asContrast) => {
      const kernels = build(optimizer.parameterBuffers);
      deal(
        kernels,
        ({ values }) => values,
        Array.from({ length: ENTRIES }, (_, i) => Math.sin(i + 1) / 2),
      );
      kernels.inputs.set([0.5, -0.5, 1, 0.2, -0.3, 0.8]);
      kernels.labels.set([1, 0, 0, 1]);
      kernels.clamp(2);
      const phase = { schedule: 'synchronous', steps: 20, tolerance: 0, leastSteps: 1, interruptible: false } as const;
      kernels.settle({ ...phase, from: 'zeros', into: 0, teaching: { kind: 'none' } });
      kernels.settle({ ...phase, from: 0, into: 1, teaching: { kind: 'nudge', beta: 0.2 } });
      const before = valuesOf(kernels);
      if (!asContrast) kernels.addToGradients(contrast);
      const gradient = asContrast ? ({ kind: 'contrast', contrast } as const) : ({ kind: 'accumulated' } as const);
      optimizer.update(kernels, gradient, { samples: 2, updates: 0, epochs: 0 });
      expect(valuesOf(kernels)).not.toEqual(before);
      return kernels;
    });
    expect(valuesOf(given)).toEqual(valuesOf(computed));
  });
});
