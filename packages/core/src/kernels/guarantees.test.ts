/** What every kernel set owes beside agreement with the reference: stopping, memory and padding. Bad numbers: ./non-finite.test.ts. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Arena, createArenaMemory, openArena } from '../tensor/arena.ts';
import { controlBlock } from '../tensor/control-block.ts';
import { randomStream } from '../tensor/random.ts';
import type { Dynamics, KernelSet, NetworkDescription, NetworkKernels, Phase, StateSlot } from './kernel-set.ts';
import { referenceKernels } from './reference/reference-kernels.ts';
import { wasmKernels } from './wasm/wasm-kernels.ts';

const KERNEL_SETS = [referenceKernels, wasmKernels];
const FREE: Phase = { beta: 0, steps: 6, from: 'zeros', into: 'free' };
const NUDGED: Phase = { beta: 0.3, steps: 4, from: 'free', into: 'upper' };
const DYNAMICS: readonly Dynamics[] = [
  { kind: 'energy-gradient', stepSize: 0.5 },
  { kind: 'discrete-map', nudge: 'inside' },
  { kind: 'discrete-map', nudge: 'outside' },
];

const networks: fc.Arbitrary<NetworkDescription> = fc.record({
  layerSizes: fc.array(fc.constantFrom(1, 3, 4, 5, 8, 13, 33, 129), { minLength: 2, maxLength: 4 }),
  activation: fc.constantFrom('hard-sigmoid', 'logistic', 'tanh'),
  dynamics: fc.constantFrom(...DYNAMICS),
});

function arenaFor(set: KernelSet, network: NetworkDescription, capacity: number): Arena {
  return openArena(createArenaMemory(set.predictBytes(network, capacity)));
}

/** A network with random parameters, none of them zero. */
function build(
  set: KernelSet,
  network: NetworkDescription,
  capacity: number,
  arena = arenaFor(set, network, capacity),
) {
  const kernels = set.build(network, capacity, arena);
  const stream = randomStream(11, 'parameters');
  const draw = (length: number, at: number) =>
    Float32Array.from({ length }, (_, i) => (stream.split(at).uniform(i) + 0.1) * (i % 2 === 0 ? 0.4 : -0.4));
  const shapes = network.layerSizes.slice(1).map((above, k) => ({ above, below: network.layerSizes[k], k }));
  kernels.writeParameters({
    weights: shapes.map(({ above, below, k }) => draw(above * below, k)),
    biases: shapes.map(({ above, k }) => draw(above, 100 + k)),
  });
  return kernels;
}

/** Fills `samples` rows, starting with sample `first` of an endless deterministic data set without zeros. */
function fill(kernels: NetworkKernels, samples: number, first = 0): void {
  const stream = randomStream(12, 'samples');
  const { layerSizes } = kernels.network;
  for (let row = 0; row < samples; row++) {
    const sample = stream.split(first + row);
    for (let i = 0; i < layerSizes[0]; i++)
      kernels.inputs[row * layerSizes[0] + i] = Math.fround(sample.uniform(i) + 0.1);
    for (let unit = 0; unit < layerSizes[layerSizes.length - 1]; unit++) {
      kernels.labels[row * kernels.labelStride + unit] = Math.fround(sample.split('label').uniform(unit));
    }
  }
}

const readSlot = (kernels: NetworkKernels, slot: StateSlot): number[][] =>
  kernels.network.layerSizes.slice(1).map((_, k) => [...kernels.readStates(slot, k + 1)]);

const parametersOf = (kernels: NetworkKernels): number[][] => {
  const { weights, biases } = kernels.readParameters();
  return [...weights, ...biases].map((values) => [...values]);
};

function residualOf(kernels: NetworkKernels, phase: Phase): number {
  const report = kernels.settle(phase);
  if (report.kind === 'stopped') throw new Error('nobody asked to stop');
  return report.residual;
}

/** Settles, nudges and learns once; everything that can be seen of it. */
function trace(kernels: NetworkKernels, samples: number) {
  const residuals = [residualOf(kernels, FREE), residualOf(kernels, NUDGED)];
  const states = [readSlot(kernels, 'free'), readSlot(kernels, 'upper')];
  const scales = kernels.network.layerSizes.slice(1).map(() => 1 / samples);
  kernels.addContrast('free', 'upper', scales, scales);
  return { residuals, states, parameters: parametersOf(kernels) };
}

describe.each(KERNEL_SETS)('kernel set $name', (set) => {
  it('takes exactly the predicted bytes of an arena', () => {
    fc.assert(
      fc.property(networks, fc.integer({ min: 1, max: 9 }), (network, capacity) => {
        const bytes = set.predictBytes(network, capacity);
        const memory = createArenaMemory(bytes);
        const left = (memory.buffer.byteLength - openArena(memory).float32(0).pointer - bytes) / 4;
        const filled = () => {
          const arena = openArena(memory);
          set.build(network, capacity, arena);
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
          const own = network.layerSizes.slice(1).map((size, k) => {
            return [...together.readStates('free', k + 1).subarray(sample * size, (sample + 1) * size)];
          });
          expect(readSlot(alone, 'free')).toEqual(own);
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
          const { weights, biases } = kernels.readParameters();
          kernels.writeParameters({ weights, biases: biases.map((values) => values.map(() => -2)) });
          fill(kernels, samples);
          kernels.clamp(samples);
          let before = readSlot(kernels, 'free').map((layer) => layer.map(() => 0));
          if (steps > 1) {
            residualOf(kernels, { ...FREE, steps: steps - 1 });
            before = readSlot(kernels, 'free');
          }
          const residual = residualOf(kernels, { ...FREE, steps });
          const changes = readSlot(kernels, 'free').flatMap((layer, k) =>
            layer.map((s, i) => Math.abs(s - before[k][i])),
          );
          const { dynamics } = network;
          const stepSize = dynamics.kind === 'energy-gradient' ? dynamics.stepSize : 1;
          // The difference of two float32 states is itself rounded to float32.
          expect(residual).toBeCloseTo(Math.max(...changes) / stepSize, 6);
        },
      ),
    );
  });

  it('refuses impossible batches, networks and parameters with RangeError', () => {
    const network: NetworkDescription = { layerSizes: [3, 2], activation: 'tanh', dynamics: DYNAMICS[0] };
    const kernels = build(set, network, 2);
    for (const samples of [0, 3, 1.5, -1, Number.NaN]) expect(() => kernels.clamp(samples)).toThrow(RangeError);
    const arena = arenaFor(set, network, 2);
    for (const layerSizes of [[], [3], [3, 0], [3, -2], [3, 1.5], [Number.NaN, 2]]) {
      expect(() => set.build({ ...network, layerSizes }, 2, arena)).toThrow(RangeError);
    }
    for (const stepSize of [0, -0.5, 1.01, Number.NaN]) {
      const dynamics: Dynamics = { kind: 'energy-gradient', stepSize };
      expect(() => set.build({ ...network, dynamics }, 2, arena)).toThrow(RangeError);
    }
    const weights = [new Float32Array(6)];
    const biases = [new Float32Array(2)];
    kernels.writeParameters({ weights, biases });
    for (const wrong of [[], [new Float32Array(5)], [new Float32Array(3), new Float32Array(6)]]) {
      expect(() => kernels.writeParameters({ weights: wrong, biases })).toThrow(RangeError);
      expect(() => kernels.writeParameters({ weights, biases: wrong })).toThrow(RangeError);
    }
  });

  describe('asked to stop', () => {
    const network: NetworkDescription = { layerSizes: [5, 9, 4], activation: 'tanh', dynamics: DYNAMICS[0] };

    it('stops any phase before it starts, and goes on as if nothing had been once the request is withdrawn', () => {
      const undisturbed = build(set, network, 3);
      fill(undisturbed, 3);
      undisturbed.clamp(3);
      const expected = trace(undisturbed, 3);
      for (const request of ['cancel', 'hand-back'] as const) {
        for (const stoppedPhase of [FREE, NUDGED]) {
          const arena = arenaFor(set, network, 3);
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

    it('stops in the middle of a phase that would not end by itself', async () => {
      const arena = arenaFor(set, network, 3);
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
      await gone;
    });
  });
});
