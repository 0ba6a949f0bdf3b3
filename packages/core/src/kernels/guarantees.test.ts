/** What every kernel set owes beside agreement with the reference: stopping, memory and padding. Bad numbers: ./non-finite.test.ts. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { controlBlock } from '../tensor/control-block.ts';
import { randomStream } from '../tensor/random.ts';
import { featuresOf } from './features.ts';
import type {
  Contrast,
  KernelFeature,
  KernelSet,
  ListedInputs,
  NetworkKernels,
  Phase,
  Workspace,
} from './kernel-set.ts';
import { type Dynamics, denseChain, lastSettlingLayer, type NetworkDescription, unitsOf } from './network.ts';
import { referenceKernels } from './reference/reference-kernels.ts';
import { arenaFor, build as buildOn, networkOn, ONE_SLOT, phaseOf, readSlot } from './testing/drawn-network.ts';
import { networksFor } from './testing/drawn-trial.ts';
import { KERNEL_SETS } from './testing/every-kernel-set.ts';
import { largestOf } from './testing/slopes.ts';
import { balancedParameters, listsOf } from './testing/trial-run.ts';

const CHAIN = networkOn(denseChain([3, 4, 2]), 'logistic', { kind: 'discrete-map', stepSize: 1, nudge: 'inside' });
const FREE: Phase = phaseOf({ steps: 6 });
const NUDGED: Phase = phaseOf({ from: 0, into: 1, steps: 4, teaching: { kind: 'nudge', beta: 0.3 } });
const CONTRAST: Contrast = {
  terms: [
    { below: 1, above: 1, coefficient: 0.25, weights: 'feedforward' },
    { below: 0, above: 0, coefficient: -0.25, weights: 'feedforward' },
  ],
  readoutAt: undefined,
};
const ENERGY: Dynamics = { kind: 'energy-gradient', stepSize: 0.5 };

const workspaceOf = (batchCapacity: number): Workspace => ({ ...ONE_SLOT, slots: 2, batchCapacity });

/** A network with random parameters, none of them zero. */
function build(
  set: KernelSet,
  network: NetworkDescription,
  capacity: number,
  arena = arenaFor(set, network, workspaceOf(capacity)),
) {
  const kernels = buildOn(set, network, workspaceOf(capacity), arena);
  kernels.writeParameters(balancedParameters(network, randomStream(11, 'parameters'), 0.7));
  return kernels;
}

/** Fills `samples` rows, starting with sample `first` of an endless deterministic data set without zeros. */
function fill(kernels: NetworkKernels, samples: number, first = 0): void {
  const stream = randomStream(12, 'samples');
  const { layers } = kernels.network;
  const inputUnits = unitsOf(layers[0]);
  for (let row = 0; row < samples; row++) {
    const sample = stream.split(first + row);
    for (let i = 0; i < inputUnits; i++) kernels.inputs[row * inputUnits + i] = Math.fround(sample.uniform(i) + 0.1);
    for (let unit = 0; unit < unitsOf(layers[layers.length - 1]); unit++) {
      kernels.labels[row * kernels.labelStride + unit] = Math.fround(sample.split('label').uniform(unit));
    }
  }
}

const lists = (kernels: NetworkKernels, slot: number): number[][] => readSlot(kernels, slot).map((layer) => [...layer]);

const parametersOf = (kernels: NetworkKernels): number[][] => {
  const { weights, biases, feedback } = kernels.readParameters();
  return [...weights, ...biases, ...feedback].map((values) => [...values]);
};

function residualOf(kernels: NetworkKernels, phase: Phase): number {
  const report = kernels.settle(phase);
  if (report.kind === 'stopped') throw new Error('nobody asked to stop');
  return report.kind === 'settled' ? report.residual : Number.NaN;
}

/** Settles, nudges and learns once; everything that can be seen of it. */
function trace(kernels: NetworkKernels, samples: number) {
  const residuals = [residualOf(kernels, FREE), residualOf(kernels, NUDGED)];
  const states = [lists(kernels, 0), lists(kernels, 1)];
  kernels.writeBuffer(0, kernels.readParameters());
  kernels.addToGradients(CONTRAST);
  const { weights, biases } = kernels.readBuffer(0);
  kernels.addToParameters(
    CONTRAST,
    kernels.parameters.map(() => 1 / samples),
  );
  return {
    residuals,
    states,
    gradients: [...weights, ...biases].map((values) => [...values]),
    parameters: parametersOf(kernels),
  };
}

describe.each(KERNEL_SETS)('kernel set $name', (set) => {
  const networks = networksFor(set);
  const has = (feature: KernelFeature) => set.missing(CHAIN, [feature]).length === 0;

  it('takes exactly the predicted bytes of an arena', () => {
    const workspaces: fc.Arbitrary<Workspace> = fc.record({
      batchCapacity: fc.integer({ min: 1, max: 9 }),
      slots: fc.integer({ min: 1, max: 13 }),
      parameterBuffers: fc.nat({ max: 3 }),
      complexStates: has('complex-states') ? fc.boolean() : fc.constant(false),
      anderson: has('anderson') ? fc.boolean() : fc.constant(false),
    });
    fc.assert(
      fc.property(networks, workspaces, (network, workspace) => {
        const bytes = set.predictBytes(network, workspace);
        const memory = createArenaMemory(bytes);
        const firstByte = openArena(memory).float32(0).pointer;
        const left = (memory.buffer.byteLength - firstByte - bytes) / 4;
        const filled = () => {
          const arena = openArena(memory);
          set.build(network, workspace, arena);
          return arena;
        };
        expect(filled().float32(left).values.length).toBe(left);
        expect(() => filled().float32(left + 1)).toThrow(RangeError);
      }),
      { numRuns: 40 },
    );
  });

  it('computes a batch to the same bits whatever the capacity, and whatever lay in the rows before', () => {
    fc.assert(
      fc.property(
        networks,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        (network, samples, spare) => {
          const exact = build(set, network, samples);
          fill(exact, samples);
          exact.clamp(samples);
          const roomy = build(set, network, samples + spare);
          roomy.inputs.fill(Number.NaN);
          roomy.labels.fill(Number.NaN);
          roomy.clamp(samples + spare);
          expect(residualOf(roomy, FREE)).toBeNaN();
          // Labels beyond the layer's size stay zero, as the contract asks; whole rows beyond the batch may hold anything.
          roomy.labels.fill(0, 0, samples * roomy.labelStride);
          fill(roomy, samples);
          roomy.clamp(samples);
          expect(trace(roomy, samples)).toEqual(trace(exact, samples));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('settles a sample to the same bits whatever its place and neighbours in the batch', () => {
    fc.assert(
      fc.property(networks, fc.integer({ min: 2, max: 9 }), (network, samples) => {
        const together = build(set, network, samples);
        fill(together, samples);
        together.clamp(samples);
        residualOf(together, FREE);
        const alone = build(set, network, 1);
        for (let sample = 0; sample < samples; sample++) {
          fill(alone, 1, sample);
          alone.clamp(1);
          residualOf(alone, FREE);
          const own = network.layers.slice(1).map((shape, k) => {
            const size = unitsOf(shape);
            return [...together.readStates(0, k + 1).subarray(sample * size, (sample + 1) * size)];
          });
          expect(lists(alone, 0)).toEqual(own);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('reports as residual the largest change of a real unit in the last step, and of nothing else', () => {
    fc.assert(
      fc.property(
        networks,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 4 }),
        (network, samples, steps) => {
          const kernels = build(set, network, samples);
          // Nearly silent units: whatever a padded unit did would stand out.
          const { weights, biases, feedback } = kernels.readParameters();
          kernels.writeParameters({ weights, feedback, biases: biases.map((values) => values.map(() => -1)) });
          fill(kernels, samples);
          kernels.clamp(samples);
          let before = lists(kernels, 0).map((layer) => layer.map(() => 0));
          if (steps > 1) {
            residualOf(kernels, { ...FREE, steps: steps - 1 });
            before = lists(kernels, 0);
          }
          const residual = residualOf(kernels, { ...FREE, steps });
          const settling = lists(kernels, 0).slice(0, lastSettlingLayer(network));
          const changes = settling.map((layer, k) => largestOf(layer.map((s, i) => s - before[k][i])));
          const { dynamics } = network;
          const stepSize = 'stepSize' in dynamics ? dynamics.stepSize : 1;
          // The difference of two float32 states is itself rounded to float32.
          const rounding = 1e-6 * Math.max(1, ...settling.map(largestOf));
          expect(Math.abs(residual - Math.max(...changes) / stepSize)).toBeLessThan(rounding / stepSize);
        },
      ),
    );
  });

  it('refuses impossible batches, networks, slots and parameters with RangeError', () => {
    const network = networkOn(denseChain([3, 2]), 'tanh', ENERGY);
    const kernels = build(set, network, 2);
    for (const samples of [0, 3, 1.5, -1, Number.NaN]) expect(() => kernels.clamp(samples)).toThrow(RangeError);
    const workspace = workspaceOf(2);
    const arena = arenaFor(set, network, workspace);
    for (const layerSizes of [[], [3], [3, 0], [3, -2], [3, 1.5], [Number.NaN, 2]]) {
      expect(() => set.build({ ...network, ...denseChain(layerSizes) }, workspace, arena)).toThrow(RangeError);
    }
    for (const stepSize of [0, -0.5, 1.01, Number.NaN]) {
      const dynamics: Dynamics = { kind: 'energy-gradient', stepSize };
      expect(() => set.build({ ...network, dynamics }, workspace, arena)).toThrow(RangeError);
    }
    const weights = [new Float32Array(6)];
    const biases = [new Float32Array(2)];
    kernels.writeParameters({ weights, biases, feedback: [] });
    kernels.writeBuffer(0, { weights, biases, feedback: [] });
    for (const wrong of [[], [new Float32Array(5)], [new Float32Array(3), new Float32Array(6)]]) {
      expect(() => kernels.writeParameters({ weights: wrong, biases, feedback: [] })).toThrow(RangeError);
      expect(() => kernels.writeParameters({ weights, biases: wrong, feedback: [] })).toThrow(RangeError);
      expect(() => kernels.writeBuffer(0, { weights, biases: wrong, feedback: [] })).toThrow(RangeError);
    }
    expect(() => kernels.writeParameters({ weights, biases, feedback: weights })).toThrow(RangeError);
    kernels.clamp(2);
    for (const phase of [{ into: 2 }, { into: -1 }, { from: 2, into: 0 }, { from: 1, into: 1 }, { into: 0.5 }]) {
      expect(() => kernels.settle({ ...FREE, ...phase })).toThrow(RangeError);
    }
    for (const buffer of [1, -1]) {
      expect(() => kernels.readBuffer(buffer)).toThrow(RangeError);
      expect(() => kernels.writeBuffer(buffer, { weights, biases, feedback: [] })).toThrow(RangeError);
    }
    const bare = buildOn(set, network, { ...workspace, parameterBuffers: 0 });
    bare.clamp(1);
    expect(() => bare.addToGradients(CONTRAST)).toThrow(RangeError);
  });

  it('refuses lists and orders that do not have the samples, and settings that units cannot have, with RangeError', () => {
    const kernels = build(set, networkOn(denseChain([3, 2, 2]), 'tanh', ENERGY), 2);
    const lists = listsOf(Uint8Array.of(1, 0, 2, 0, 0, 3), 2, 3);
    kernels.clampListed(2, lists);
    const wrong: readonly Partial<ListedInputs>[] = [
      { first: 3 },
      { first: -1 },
      { order: lists.order.subarray(1) },
      { order: lists.order.map(() => 2) },
    ];
    for (const change of wrong) expect(() => kernels.clampListed(2, { ...lists, ...change })).toThrow(RangeError);
    for (const samples of [0, 3, 1.5]) expect(() => kernels.clampListed(samples, lists)).toThrow(RangeError);
    const two = (value: number) => new Float32Array(2).fill(value);
    kernels.setUnits(2, { rates: two(1), fromBelow: two(0), fromAbove: two(-1) });
    kernels.setUnits(1, {});
    for (const layer of [0, 3, 0.5]) expect(() => kernels.setUnits(layer, {})).toThrow(RangeError);
    for (const rate of [0, -1, 1.5, Number.NaN])
      expect(() => kernels.setUnits(1, { rates: two(rate) })).toThrow(RangeError);
    expect(() => kernels.setUnits(1, { rates: two(1).subarray(1) })).toThrow(RangeError);
    expect(() => kernels.setUnits(1, { fromBelow: two(Number.NaN) })).toThrow(RangeError);
  });

  it('can be released, and released again', () => {
    const kernels = build(set, CHAIN, 2);
    fill(kernels, 2);
    kernels.clamp(2);
    residualOf(kernels, FREE);
    kernels.release();
    kernels.release();
  });

  it('names what it lacks of a network, features that the network has, and builds no other', () => {
    const goodness: Dynamics = { kind: 'goodness', threshold: 1 };
    const everything = fc.oneof(
      { weight: 5, arbitrary: networksFor(referenceKernels) },
      { weight: 1, arbitrary: networksFor(referenceKernels, [], { dynamics: fc.constant(goodness) }) },
    );
    expect(set.missing(CHAIN, [])).toEqual([]);
    fc.assert(
      fc.property(everything, (network) => {
        const missing = set.missing(network, []);
        expect(missing.filter((feature) => !featuresOf(network).includes(feature))).toEqual([]);
        if (missing.length > 0) expect(() => buildOn(set, network)).toThrow(RangeError);
        else expect(buildOn(set, network).network).toBe(network);
      }),
      { numRuns: 60 },
    );
  });

  it('refuses to do what it lacks, and what its workspace or network has no room for, with RangeError', () => {
    const kernels = build(set, CHAIN, 1);
    fill(kernels, 1);
    kernels.clamp(1);
    residualOf(kernels, FREE);
    const imaginary = { kind: 'nudge', beta: { re: 0, im: 1 } } as const;
    expect(() => kernels.settle({ ...FREE, schedule: 'anderson' })).toThrow(RangeError);
    expect(() => kernels.settle({ ...FREE, teaching: imaginary })).toThrow(RangeError);
    expect(() => kernels.goodnessErrors(0, 1, true)).toThrow(RangeError);
    const operations: readonly (readonly [KernelFeature, () => void])[] = [
      ['even-odd', () => kernels.settle({ ...FREE, schedule: 'even-odd' })],
      ['feed-forward', () => kernels.settle({ ...FREE, schedule: 'feed-forward' })],
      ['held-outputs', () => kernels.settle({ ...FREE, teaching: { kind: 'hold', fraction: 1 } })],
      ['error-propagation', () => kernels.propagateErrors(0, 1)],
      ['adjoint', () => kernels.adjointStep(0, 1, 1)],
    ];
    for (const [feature, operation] of operations) {
      expect(set.missing(CHAIN, [feature])).toEqual(has(feature) ? [] : [feature]);
      if (has(feature)) expect(operation).not.toThrow();
      else expect(operation).toThrow(RangeError);
    }
  });

  describe('asked to stop', () => {
    const network = networkOn(denseChain([5, 9, 4]), 'tanh', ENERGY);

    it('stops any phase before it starts, and goes on as if nothing had been once the request is withdrawn', () => {
      const undisturbed = build(set, network, 3);
      fill(undisturbed, 3);
      undisturbed.clamp(3);
      const expected = trace(undisturbed, 3);
      for (const request of ['cancel', 'hand-back'] as const) {
        for (const stoppedPhase of [FREE, NUDGED]) {
          const arena = arenaFor(set, network, workspaceOf(3));
          const kernels = build(set, network, 3, arena);
          const control = controlBlock(arena.memory);
          fill(kernels, 3);
          kernels.clamp(3);
          if (stoppedPhase === NUDGED) residualOf(kernels, FREE);
          const before = parametersOf(kernels);
          control.requestStop(request);
          expect(kernels.settle(stoppedPhase)).toEqual({ kind: 'stopped' });
          expect(parametersOf(kernels)).toEqual(before);
          control.requestStop('none');
          expect(trace(kernels, 3)).toEqual(expected);
        }
      }
    });

    it('finishes a phase that may not be interrupted, with or without a tolerance, and hears the request in the next', () => {
      for (const tolerance of [0, 1e-9]) {
        const arena = arenaFor(set, network, workspaceOf(3));
        const kernels = build(set, network, 3, arena);
        fill(kernels, 3);
        kernels.clamp(3);
        const undisturbed = kernels.settle({ ...FREE, tolerance });
        const states = lists(kernels, 0);
        controlBlock(arena.memory).requestStop('cancel');
        expect(kernels.settle({ ...FREE, tolerance, interruptible: false })).toEqual(undisturbed);
        expect(lists(kernels, 0)).toEqual(states);
        expect(kernels.settle({ ...FREE, tolerance })).toEqual({ kind: 'stopped' });
        expect(kernels.settle({ ...FREE, tolerance, interruptible: false })).toEqual(undisturbed);
      }
    });

    it('stops in the middle of a phase that would not end by itself', async () => {
      const arena = arenaFor(set, network, workspaceOf(3));
      const kernels = build(set, network, 3, arena);
      fill(kernels, 3);
      kernels.clamp(3);
      const source = `const { workerData } = require('node:worker_threads');
        const words = new Int32Array(workerData.buffer);
        Atomics.wait(words, workerData.word + 8, 0, 100);
        Atomics.store(words, workerData.word, 1);`;
      const word = controlBlock(arena.memory).stopWordPointer / 4;
      const worker = new Worker(source, { eval: true, workerData: { buffer: arena.memory.buffer, word } });
      const gone = once(worker, 'exit');
      await once(worker, 'online');
      expect(kernels.settle({ ...FREE, steps: 2 ** 31 - 1 })).toEqual({ kind: 'stopped' });
      expect(kernels.settle({ ...FREE, steps: 2 ** 31 - 1, tolerance: 1e-300 })).toEqual({ kind: 'stopped' });
      await gone;
    });
  });
});
