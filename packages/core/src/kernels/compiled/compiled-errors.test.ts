/** Errors that travel down, responses and corrections against the reference, in float64: only the order of sums differs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KernelSet, NetworkKernels, Phase } from '../kernel-set.ts';
import type { Dynamics, NetworkDescription } from '../network.ts';
import { referenceKernels } from '../reference/reference-kernels.ts';
import { build, clampDrawn, phaseOf, readSlot, streamOf } from '../testing/drawn-network.ts';
import { networksFor } from '../testing/drawn-trial.ts';
import { distance, largestOf } from '../testing/slopes.ts';
import { balancedParameters, tensorsOf } from '../testing/trial-run.ts';
import { compiledKernels } from './compiled-kernels.ts';
import { plainEngine } from './testing/plain-engine.ts';

const SET = compiledKernels(plainEngine('float64'));
const SAMPLES = 3;
const TOLERANCE = 1e-12;
const SWEEP = phaseOf({ schedule: 'feed-forward' });
const maps: fc.Arbitrary<Dynamics> = fc.record({
  kind: fc.constant('discrete-map' as const),
  stepSize: fc.constantFrom(0.3, 1),
  nudge: fc.constantFrom('inside' as const, 'outside' as const),
});
const networks = networksFor(SET, [], { dynamics: maps });
const separate = networks.filter(({ feedback }) => feedback === 'separate');

function ready(set: KernelSet, network: NetworkDescription, seed: number): NetworkKernels {
  const stream = streamOf(seed);
  const kernels = build(set, network, { batchCapacity: SAMPLES + 1, slots: 4 });
  kernels.writeParameters(balancedParameters(network, stream, 0.5));
  clampDrawn(kernels, SAMPLES, stream);
  return kernels;
}

function expectSame(seen: readonly ArrayLike<number>[], wanted: readonly ArrayLike<number>[]): void {
  expect(seen.length).toBe(wanted.length);
  seen.forEach((values, k) => {
    expect(distance(values, wanted[k])).toBeLessThan(TOLERANCE * Math.max(1, largestOf(wanted[k])));
  });
}

/** What `act` leaves behind, in both sets of kernels. */
function agree(
  network: NetworkDescription,
  seed: number,
  act: (kernels: NetworkKernels) => readonly ArrayLike<number>[],
): void {
  expectSame(act(ready(SET, network, seed)), act(ready(referenceKernels, network, seed)));
}

const gradientsOf = (kernels: NetworkKernels) =>
  tensorsOf(kernels.readBuffer(0)).map((values) => Float64Array.from(values));

describe('compiled kernels', () => {
  it('propagate the errors of an upward sweep, and learn from them', () => {
    fc.assert(
      fc.property(networks, fc.nat(), (network, seed) => {
        agree(network, seed, (kernels) => {
          kernels.settle(SWEEP);
          kernels.propagateErrors(0, 1);
          const errors = readSlot(kernels, 1);
          kernels.addToGradients({
            terms: [{ below: 0, above: 1, coefficient: 1 / SAMPLES, weights: 'feedforward' }],
            readoutAt: 0,
          });
          return [...errors, ...gradientsOf(kernels)];
        });
      }),
      { numRuns: 60 },
    );
  });

  it('hand over the slope of the cost, zero below the last layer that settles', () => {
    fc.assert(
      fc.property(networksFor(SET), fc.nat(), (network, seed) => {
        agree(network, seed, (kernels) => {
          kernels.settle(phaseOf({ steps: 2 }));
          kernels.costGradient(0, 1);
          return readSlot(kernels, 1);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('correct nudges about a free state, and respond, where feedback is separate', () => {
    const law = (network: NetworkDescription, seed: number, schedule: Phase['schedule'], beta: number) => {
      agree(network, seed, (kernels) => {
        const nudge = (strength: number, into: number) => {
          const teaching = { kind: 'nudge-corrected', beta: strength, about: 0 } as const;
          kernels.settle(phaseOf({ from: 0, into, steps: 4, schedule, teaching }));
        };
        kernels.settle(phaseOf({ steps: 5, schedule }));
        nudge(beta, 1);
        nudge(-beta, 2);
        kernels.response(0, 2, 1, 3);
        kernels.addToGradients({
          terms: [
            { below: 0, above: 3, coefficient: -1, weights: 'feedforward' },
            { below: 3, above: 0, coefficient: -1, weights: 'feedback' },
          ],
          readoutAt: undefined,
        });
        return [1, 2, 3].flatMap((slot) => readSlot(kernels, slot)).concat(gradientsOf(kernels));
      });
    };
    const schedules = fc.constantFrom('synchronous' as const, 'even-odd' as const);
    fc.assert(fc.property(separate, fc.nat(), schedules, fc.constantFrom(0, 0.1, -0.3), law), { numRuns: 25 });
  });

  it('respond by the slopes of the whole drive in symmetric networks too', () => {
    fc.assert(
      fc.property(networks, fc.nat(), (network, seed) => {
        agree(network, seed, (kernels) => {
          kernels.settle(phaseOf({ steps: 4 }));
          kernels.settle(phaseOf({ from: 0, into: 1, steps: 2, teaching: { kind: 'nudge', beta: 0.3 } }));
          kernels.response(0, 0, 1, 3);
          return readSlot(kernels, 3);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('refuse errors, responses and corrections that are not defined', () => {
    const chain = { kind: 'discrete-map', stepSize: 1, nudge: 'inside' } as const;
    const [network] = fc.sample(separate, { numRuns: 1, seed: 1 });
    const kernels = ready(SET, { ...network, dynamics: chain }, 1);
    const corrected = phaseOf({ from: 0, into: 1, teaching: { kind: 'nudge-corrected', beta: 0.1, about: 0 } });
    expect(kernels.settle(corrected).kind).toBe('settled');
    expect(() => kernels.response(0, 1, 2, 4)).toThrow(RangeError);
    expect(() => kernels.propagateErrors(0, 4)).toThrow(RangeError);
    const units = kernels.readStates(0, 1).length / SAMPLES;
    kernels.setUnits(1, { fromBelow: new Float64Array(units).fill(0.5) });
    expect(() => kernels.settle(corrected)).toThrow(RangeError);
    expect(() => kernels.response(0, 1, 2, 3)).toThrow(RangeError);
    expect(() => kernels.propagateErrors(0, 1)).toThrow(RangeError);
    kernels.setUnits(1, { fromBelow: new Float64Array(units).fill(1) });
    expect(kernels.settle(corrected).kind).toBe('settled');
    const energies = ready(
      SET,
      { ...network, feedback: 'symmetric', dynamics: { kind: 'energy-gradient', stepSize: 1 } },
      1,
    );
    expect(() => energies.propagateErrors(0, 1)).toThrow(RangeError);
    expect(() => energies.settle(corrected)).toThrow(RangeError);
  });
});
