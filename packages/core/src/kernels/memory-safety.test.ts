/**
 * No kernel set writes or reads beside its vectors: whole trainings leave the bytes between vectors alone, and give the
 * same bits whatever is in them. Sizes lie around the widths of vectors and panels, where the last one is not full.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Contrast, ListedInputs, NetworkKernels, Phase, Workspace } from './kernel-set.ts';
import { denseChain, type NetworkDescription, unitsOf } from './network.ts';
import {
  clampDrawn,
  drawnParameters,
  GRAPH_NAMES,
  GRAPHS,
  networkOn,
  ONE_SLOT,
  ONE_WAY,
  phaseOf,
  streamOf,
} from './testing/drawn-network.ts';
import { KERNEL_SETS, SETS_WITH_LANES } from './testing/every-kernel-set.ts';
import { guardedArena, guardedMemory } from './testing/guarded-arena.ts';

/** What guards are filled with: zeros, and bytes that are NaN as a float and -1 as a number. */
const FILLS = [0x00, 0xff];

const WORKSPACE: Workspace = { ...ONE_SLOT, slots: 3, parameterBuffers: 2 };
const FREE = phaseOf({ steps: 3 });
const NUDGED: readonly Partial<Phase>[] = [
  { teaching: { kind: 'nudge', beta: 0.3 } },
  { schedule: 'even-odd', teaching: { kind: 'nudge', beta: -0.2 } },
  { tolerance: 1e-3, teaching: { kind: 'nudge', beta: 0.1 } },
  { schedule: 'anderson' },
  { teaching: { kind: 'hold', fraction: 0.5 } },
  { teaching: { kind: 'nudge', beta: { re: 0.1, im: 0.2 } } },
  { schedule: 'feed-forward' },
];
const CONTRAST: Contrast = {
  terms: [
    { below: 1, above: 1, coefficient: 0.25, weights: 'feedforward' },
    { below: 0, above: 0, coefficient: -0.25, weights: 'feedforward' },
  ],
  readoutAt: undefined,
};

const AROUND_WIDTHS = [1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 97];
const chains = fc
  .array(fc.constantFrom(...AROUND_WIDTHS), { minLength: 2, maxLength: 4 })
  .map((layerSizes) => denseChain(layerSizes));
const graphs = fc.oneof(
  { weight: 2, arbitrary: chains },
  fc.constantFrom(...GRAPH_NAMES).map((name) => GRAPHS[name]),
);

const networks: fc.Arbitrary<NetworkDescription> = fc
  .record({
    graph: graphs,
    activation: fc.constantFrom('hard-sigmoid' as const, 'logistic' as const, 'tanh' as const),
    dynamics: fc.constantFrom(
      { kind: 'energy-gradient', stepSize: 0.5 } as const,
      { kind: 'discrete-map', stepSize: 1, nudge: 'inside' } as const,
      { kind: 'discrete-map', stepSize: 0.7, nudge: 'outside' } as const,
      { kind: 'prediction-error', stepSize: 0.2 } as const,
    ),
    isClassifier: fc.boolean(),
    oneWay: fc.nat({ max: 7 }).map((draw) => draw === 0),
  })
  .map(({ graph, activation, dynamics, isClassifier, oneWay }) => {
    if (oneWay) return networkOn(ONE_WAY, activation, dynamics, { feedback: 'separate' });
    const hasReadout = isClassifier && graph.layers.length > 2 && dynamics.kind === 'discrete-map';
    return networkOn(graph, activation, dynamics, hasReadout ? { readout: 'softmax-cross-entropy' } : {});
  });

/** A number for everything that can be seen, in the order in which it comes. */
type Seen = (number | string)[];

/** What a method would do, as far as this set has it: a feature that it lacks is a RangeError before anything is written. */
function course(kernels: NetworkKernels, samples: number, seed: number): Seen {
  const { network } = kernels;
  const seen: Seen = [];
  const see = (values: Iterable<number>) => {
    for (const value of values) seen.push(value);
  };
  const attempt = (name: string, work: () => void) => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      seen.push(`lacks ${name}`);
    }
  };
  const states = (slot: number) => {
    for (let layer = 1; layer < network.layers.length; layer++) see(kernels.readStates(slot, layer));
  };
  kernels.writeParameters(drawnParameters(network, streamOf(seed), 0.8));
  clampDrawn(kernels, samples, streamOf(seed));
  attempt('listed inputs', () => kernels.clampListed(samples, listed(unitsOf(network.layers[0]), samples)));
  clampDrawn(kernels, samples, streamOf(seed + 1));
  attempt('settling', () => {
    seen.push(JSON.stringify(kernels.settle(FREE)));
    states(0);
  });
  NUDGED.forEach((phase, k) => {
    attempt(`phase ${k}`, () => {
      seen.push(JSON.stringify(kernels.settle(phaseOf({ from: 0, into: 1, steps: 3, ...phase }))));
      states(1);
    });
  });
  attempt('complex gradients', () => {
    kernels.settle(phaseOf({ from: 0, into: 1, steps: 3, teaching: { kind: 'nudge', beta: { re: -0.1, im: 0.2 } } }));
    const term = { below: 1, above: 1, coefficient: { re: 0.1, im: -0.3 }, weights: 'feedforward' } as const;
    kernels.addToGradients({ terms: [term], readoutAt: undefined });
  });
  attempt('a nudge', () => void kernels.settle(phaseOf({ ...FREE, from: 0, into: 1, ...NUDGED[0] })));
  attempt('gradients', () => kernels.addToGradients(CONTRAST));
  attempt('errors', () => kernels.propagateErrors(0, 2));
  attempt('an adjoint', () => {
    kernels.costGradient(0, 1);
    kernels.adjointStep(0, 1, 2);
  });
  attempt('a response', () => kernels.response(0, 0, 1, 2));
  attempt('slot 2', () => states(2));
  attempt('updates', () =>
    kernels.addToParameters(
      CONTRAST,
      kernels.parameters.map(() => 0.1),
    ),
  );
  for (const { weights, biases, feedback } of [kernels.readParameters(), kernels.readBuffer(0)]) {
    for (const values of [...weights, ...biases, ...feedback]) see(values);
  }
  return seen;
}

/** Samples of which every third byte is there. */
function listed(features: number, samples: number): ListedInputs {
  const own = Array.from({ length: samples }, (_, sample) => {
    return Array.from({ length: features }, (_entry, i) => i).filter((i) => (i + sample) % 3 === 0);
  });
  const offsets = Uint32Array.from({ length: samples + 1 }, (_, k) => own.slice(0, k).flat().length);
  const indices = Uint16Array.from(own.flat());
  return {
    offsets,
    indices,
    bytes: Uint8Array.from(indices, (i) => 1 + (i % 255)),
    levels: Float64Array.from({ length: 256 }, (_, byte) => byte / 255),
    order: Uint32Array.from({ length: samples }, (_, sample) => samples - 1 - sample),
    first: 0,
  };
}

describe.each(KERNEL_SETS)('kernel set $name', (set) => {
  it('leaves alone what lies beside its vectors, and does not depend on it', () => {
    const features = fc.record({ complexStates: fc.boolean(), anderson: fc.boolean() });
    fc.assert(
      fc.property(networks, features, fc.integer({ min: 1, max: 19 }), fc.nat(), (network, more, samples, seed) => {
        const workspace = { ...WORKSPACE, ...more, batchCapacity: samples + (seed % 2) };
        if (set.missing(network, []).length > 0) return;
        const [first, ...others] = FILLS.map((fill, k) => {
          const arena = guardedArena(guardedMemory(set.predictBytes(network, workspace)), fill);
          // They change no bits either.
          const lanes = { count: SETS_WITH_LANES.includes(set) ? 1 + 2 * k : 1 };
          const kernels = set.build(network, workspace, arena, lanes);
          const seen = course(kernels, samples, seed);
          kernels.release();
          expect(arena.guards()).toBeGreaterThan(10);
          expect(arena.brokenGuards()).toEqual([]);
          return seen;
        });
        for (const seen of others) expect(seen).toEqual(first);
      }),
      { numRuns: 60 },
    );
  });
});
