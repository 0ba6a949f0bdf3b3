/**
 * Complex states of compiled kernels against the reference: whatever phases follow one another in a slot. Single phases of
 * complex strength are among the trials of ../conformance.test.ts.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Complex } from '../../tensor/complex.ts';
import { randomStream } from '../../tensor/random.ts';
import type { KernelSet, NetworkKernels, Phase, Teaching } from '../kernel-set.ts';
import { denseChain, type NetworkDescription } from '../network.ts';
import { referenceKernels } from '../reference/reference-kernels.ts';
import { build, clampDrawn, GRAPHS, networkOn, phaseOf, readSlot } from '../testing/drawn-network.ts';
import { networksFor } from '../testing/drawn-trial.ts';
import { nativeEngines } from '../testing/native-engines.ts';
import { distance, largestOf } from '../testing/slopes.ts';
import { balancedParameters, tensorsOf } from '../testing/trial-run.ts';
import { wasmKernels } from '../wasm/wasm-kernels.ts';
import { compiledKernels } from './compiled-kernels.ts';
import { plainEngine } from './testing/plain-engine.ts';

const SETS = [plainEngine('float64'), ...nativeEngines].map((engine, k) => {
  return { name: k === 0 ? 'plain' : engine.name, set: compiledKernels(engine) };
});
/** Few, so that slots are used again and programs run again. */
const SLOTS = 3;
const SAMPLES = 3;
const MAP = { kind: 'discrete-map', stepSize: 0.8, nudge: 'inside' } as const;
const CHAIN = networkOn(denseChain([3, 20, 4]), 'logistic', MAP);

const smoothMaps = (set: KernelSet): fc.Arbitrary<NetworkDescription> =>
  networksFor(set, ['complex-states'], {
    isSmooth: true,
    dynamics: fc.record({
      kind: fc.constant('discrete-map' as const),
      stepSize: fc.constantFrom(0.3, 1),
      nudge: fc.constantFrom('inside' as const, 'outside' as const),
    }),
  });

type Act =
  | { readonly kind: 'settle'; readonly phase: Phase }
  /** A layer's states written as they are read. */
  | { readonly kind: 'write'; readonly slot: number }
  | {
      readonly kind: 'contrast';
      readonly below: number;
      readonly above: number;
      readonly coefficient: number | Complex;
      readonly isFeedback: boolean;
      readonly isDirect: boolean;
    };

const slot = fc.nat({ max: SLOTS - 1 });
const part = fc.constantFrom(-0.4, -0.1, 0, 0.2, 0.3);
const complex: fc.Arbitrary<Complex> = fc.record({ re: part, im: part });
const teaching: fc.Arbitrary<Teaching> = fc.oneof(
  { weight: 4, arbitrary: complex.map((beta): Teaching => ({ kind: 'nudge', beta })) },
  { weight: 1, arbitrary: part.map((beta): Teaching => ({ kind: 'nudge', beta })) },
  { weight: 1, arbitrary: fc.constantFrom<Teaching>({ kind: 'none' }, { kind: 'hold', fraction: 0.7 }) },
);
const phase: fc.Arbitrary<Act> = fc
  .record({
    from: fc.oneof({ weight: 1, arbitrary: fc.constant('zeros' as const) }, { weight: 3, arbitrary: slot }),
    into: slot,
    schedule: fc.constantFrom(...(['synchronous', 'synchronous', 'even-odd', 'feed-forward'] as const)),
    teaching,
    steps: fc.integer({ min: 1, max: 3 }),
  })
  .filter(({ from, into }) => from !== into)
  .map((drawn) => ({ kind: 'settle', phase: phaseOf(drawn) }));
const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: phase },
    { weight: 2, arbitrary: slot.map((to): Act => ({ kind: 'write', slot: to })) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('contrast' as const),
        below: slot,
        above: slot,
        coefficient: fc.oneof(complex, part),
        isFeedback: fc.boolean(),
        isDirect: fc.boolean(),
      }),
    },
  ),
  { minLength: 8, maxLength: 20 },
);

/** Everything that can be seen, act by act. */
function seenOf(set: KernelSet, network: NetworkDescription, course: readonly Act[], seed: number): Float64Array[] {
  const stream = randomStream(seed, 'complex');
  const workspace = { batchCapacity: SAMPLES, slots: SLOTS, parameterBuffers: 1, complexStates: true };
  const kernels = build(set, network, workspace);
  kernels.writeParameters(balancedParameters(network, stream, 0.4));
  if (seed % 2 === 0) {
    const units = network.layers[1][0] * network.layers[1][1] * network.layers[1][2];
    kernels.setUnits(1, {
      rates: new Float64Array(units).fill(0.7),
      fromBelow: new Float64Array(units).map((_, k) => 0.5 + (k % 3) / 4),
      fromAbove: new Float64Array(units).map((_, k) => 0.5 + (k % 5) / 8),
    });
  }
  clampDrawn(kernels, SAMPLES, stream);
  const seen: Float64Array[] = [];
  for (const act of course) seen.push(...perform(kernels, act));
  kernels.release();
  return seen;
}

function perform(kernels: NetworkKernels, act: Act): readonly Float64Array[] {
  const { network } = kernels;
  switch (act.kind) {
    case 'settle': {
      const isHeld = act.phase.teaching.kind === 'hold' && network.readout !== 'squared-error';
      const report = kernels.settle(isHeld ? { ...act.phase, teaching: { kind: 'none' } } : act.phase);
      if (report.kind !== 'settled') throw new Error('these states are finite');
      return [Float64Array.of(report.residual), ...readSlot(kernels, act.phase.into)];
    }
    case 'write':
      kernels.writeStates(act.slot, 1, kernels.readStates(act.slot, 1));
      return [];
    case 'contrast': {
      const { below, above, coefficient, isFeedback, isDirect } = act;
      const weights = isFeedback && network.feedback === 'separate' ? 'feedback' : 'feedforward';
      const contrast = { terms: [{ below, above, coefficient, weights } as const], readoutAt: below };
      kernels.addToGradients(contrast);
      if (isDirect) {
        kernels.addToParameters(
          contrast,
          kernels.parameters.map((_, k) => 0.01 * (1 + (k % 3))),
        );
        kernels.clampAgain();
      }
      return tensorsOf(kernels.readBuffer(0)).map((values) => Float64Array.from(values));
    }
    default:
      act satisfies never;
      throw new Error('unreachable act');
  }
}

describe.each(SETS)('complex states on $name', ({ set }) => {
  const tolerance = set.elementType === 'float32' ? 2e-5 : 1e-9;

  it('go from slot to slot as those of the reference', () => {
    fc.assert(
      fc.property(smoothMaps(set), acts, fc.nat(), (network, course, seed) => {
        const exact = seenOf(referenceKernels, network, course, seed);
        seenOf(set, network, course, seed).forEach((values, k) => {
          expect(values.length).toBe(exact[k].length);
          expect(distance(values, exact[k])).toBeLessThan(tolerance * Math.max(1, largestOf(exact[k])));
        });
      }),
      { numRuns: 60 },
    );
  });

  it('are asked for by networks whose poolings are linear, and by workspaces with room for them', () => {
    const imaginary = phaseOf({ teaching: { kind: 'nudge', beta: { re: 0, im: 0.1 } } });
    expect(set.missing(CHAIN, ['complex-states'])).toEqual([]);
    for (const [graph, missing] of [
      [GRAPHS.convolution, []],
      [GRAPHS['average pooling'], []],
      [GRAPHS['softmax pooling'], ['complex-states']],
      [GRAPHS['max pooling'], ['complex-states']],
    ] as const) {
      const network = networkOn(graph, 'logistic', MAP);
      expect(set.missing(network, [])).toEqual([]);
      expect(set.missing(network, ['complex-states'])).toEqual(missing);
      const kernels = build(set, network, { complexStates: true });
      kernels.clamp(1);
      if (missing.length === 0) expect(kernels.settle(imaginary).kind).toBe('settled');
      else expect(() => kernels.settle(imaginary)).toThrow(RangeError);
    }
    for (const [network, complexStates] of [
      [CHAIN, false],
      [networkOn(CHAIN, 'hard-sigmoid', MAP), true],
      [networkOn(CHAIN, 'logistic', { kind: 'energy-gradient', stepSize: 0.5 }), true],
    ] as const) {
      const kernels = build(set, network, { complexStates });
      kernels.clamp(1);
      expect(() => kernels.settle(imaginary)).toThrow(RangeError);
    }
  });
});

describe('engines without the operations', () => {
  it('lack complex states and refuse them', () => {
    expect(wasmKernels.missing(CHAIN, ['complex-states'])).toEqual(['complex-states']);
    const kernels = build(wasmKernels, CHAIN, { complexStates: true });
    kernels.clamp(1);
    const teaching: Teaching = { kind: 'nudge', beta: { re: 0, im: 0.1 } };
    expect(() => kernels.settle(phaseOf({ teaching }))).toThrow(RangeError);
    expect(kernels.settle(phaseOf({})).kind).toBe('settled');
  });
});
