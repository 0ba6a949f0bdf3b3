/** Every kernel set against the reference in what is more than settling and contrasts, each where the set has it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../tensor/random.ts';
import type { ContrastTerm, KernelFeature, KernelSet, NetworkKernels, Phase, Workspace } from './kernel-set.ts';
import type { Dynamics, NetworkDescription } from './network.ts';
import { referenceKernels } from './reference/reference-kernels.ts';
import { arenaFor, phaseOf, readSlot } from './testing/drawn-network.ts';
import { networksFor } from './testing/drawn-trial.ts';
import { KERNEL_SETS } from './testing/every-kernel-set.ts';
import { distance, largestOf } from './testing/slopes.ts';
import { balancedParameters, clampTrial, tensorsOf } from './testing/trial-run.ts';

const [FREE, TAUGHT, RESULT, ERRORS] = [0, 1, 2, 3];
/** What one operation shows of itself. */
type Shown = readonly Float64Array[];

const maps: fc.Arbitrary<Dynamics> = fc.record({
  kind: fc.constant('discrete-map' as const),
  stepSize: fc.constantFrom(0.4, 1),
  nudge: fc.constantFrom('inside' as const, 'outside' as const),
});
const gradients: fc.Arbitrary<Dynamics> = fc.record({
  kind: fc.constant('energy-gradient' as const),
  stepSize: fc.constantFrom(0.1, 0.5),
});

interface Operation {
  readonly title: string;
  readonly asked: readonly KernelFeature[];
  readonly dynamics: fc.Arbitrary<Dynamics>;
  /** Networks that have it. */
  readonly fits?: (network: NetworkDescription) => boolean;
  /** Corners would have to fall to the same side in both. */
  readonly isSmooth?: boolean;
  readonly workspace?: Partial<Workspace>;
  readonly run: (kernels: NetworkKernels) => Shown;
}

const term = (below: number, above: number, weights: ContrastTerm['weights'] = 'feedforward'): ContrastTerm => {
  return { below, above, coefficient: 1, weights };
};

function settle(kernels: NetworkKernels, phase: Partial<Phase>): void {
  const report = kernels.settle(phaseOf(phase));
  if (report.kind !== 'settled') throw new Error(`expected states to settle, got ${JSON.stringify(report)}`);
}

/** The gradients so far, which then begin anew. */
function taken(kernels: NetworkKernels): Shown {
  const found = tensorsOf(kernels.readBuffer(0)).map((part) => Float64Array.from(part));
  for (const { buffers } of kernels.parameters) buffers[0].fill(0);
  return found;
}

function settleAndNudge(kernels: NetworkKernels): void {
  settle(kernels, { into: FREE, steps: 5 });
  settle(kernels, { from: FREE, into: TAUGHT, steps: 3, teaching: { kind: 'nudge', beta: 0.3 } });
}

const OPERATIONS: readonly Operation[] = [
  {
    title: 'passes errors down an upward sweep',
    asked: ['feed-forward', 'error-propagation'],
    dynamics: maps,
    run(kernels) {
      settle(kernels, { into: FREE, schedule: 'feed-forward' });
      kernels.propagateErrors(FREE, ERRORS);
      kernels.addToGradients({ terms: [term(FREE, ERRORS)], readoutAt: FREE });
      return [...readSlot(kernels, ERRORS).slice(0, -1), ...taken(kernels)];
    },
  },
  {
    title: 'corrects networks that are not reciprocal',
    asked: ['separate-feedback'],
    dynamics: maps,
    fits: ({ feedback }) => feedback === 'separate',
    run(kernels) {
      settle(kernels, { into: FREE, steps: 5 });
      const teaching = { kind: 'nudge-corrected', beta: 0.3, about: FREE } as const;
      settle(kernels, { from: FREE, into: TAUGHT, steps: 4, teaching });
      return readSlot(kernels, TAUGHT);
    },
  },
  {
    title: 'finds their response',
    asked: ['separate-feedback'],
    dynamics: maps,
    fits: ({ feedback, readout }) => feedback === 'separate' && readout === 'squared-error',
    run(kernels) {
      settleAndNudge(kernels);
      kernels.response(FREE, FREE, TAUGHT, RESULT);
      kernels.addToGradients({ terms: [term(FREE, RESULT), term(RESULT, FREE, 'feedback')], readoutAt: undefined });
      return [...readSlot(kernels, RESULT), ...taken(kernels)];
    },
  },
  {
    title: 'differentiates steps of a discrete map',
    asked: ['adjoint'],
    dynamics: maps,
    fits: isDifferentiated,
    isSmooth: true,
    run: unroll,
  },
  {
    title: 'differentiates steps along an energy',
    asked: ['adjoint'],
    dynamics: gradients,
    fits: isDifferentiated,
    isSmooth: true,
    run: unroll,
  },
  {
    title: 'accelerates to the same rest',
    asked: ['anderson', 'even-odd'],
    dynamics: fc.oneof(maps, gradients),
    isSmooth: true,
    workspace: { anderson: true },
    run(kernels) {
      // Where steps are taken depends on rounding, where they end does not.
      settle(kernels, { into: FREE, steps: 200, schedule: 'anderson', tolerance: 1e-6 });
      settle(kernels, {
        from: FREE,
        into: TAUGHT,
        steps: 200,
        schedule: 'anderson',
        teaching: { kind: 'nudge', beta: 0.2 },
      });
      return [...readSlot(kernels, FREE), ...readSlot(kernels, TAUGHT)];
    },
  },
];

/** One set of weights for both ways has no derivative of one way. */
function isDifferentiated({ connections, feedback }: NetworkDescription): boolean {
  return feedback === 'separate' || connections.every((c) => c.kind !== 'dense' || c.direction === undefined);
}

function unroll(kernels: NetworkKernels): Shown {
  settle(kernels, { into: FREE, steps: 5 });
  kernels.costGradient(FREE, ERRORS);
  const cost = readSlot(kernels, ERRORS).slice(0, -1);
  kernels.adjointStep(FREE, ERRORS, RESULT);
  kernels.adjointStep(FREE, RESULT, RESULT);
  return [...cost, ...readSlot(kernels, RESULT).slice(0, -1), ...taken(kernels)];
}

function show(
  set: KernelSet,
  network: NetworkDescription,
  operation: Operation,
  samples: number,
  seed: number,
  shift = 0,
) {
  const workspace: Workspace = {
    ...{ batchCapacity: samples + 2, slots: 4, parameterBuffers: 1, complexStates: false, anderson: false },
    ...operation.workspace,
  };
  const kernels = set.build(network, workspace, arenaFor(set, network, workspace));
  try {
    const stream = randomStream(seed, 'trial');
    kernels.writeParameters(balancedParameters(network, stream.split('parameters'), 0.5, shift));
    clampTrial(kernels, samples, seed % 2 === 0, stream);
    return operation.run(kernels);
  } finally {
    kernels.release();
  }
}

/** To 1e-5 of the largest entry, or of 1, and 1e-9 in float64; gradients are sums over the batch and its positions. */
function expectNear(set: KernelSet, seen: Shown, exact: Shown, reach: number): void {
  expect(seen.length).toBe(exact.length);
  const tolerance = set.elementType === 'float32' ? 1e-5 : 1e-9;
  seen.forEach((values, k) => {
    expect(distance(values, exact[k])).toBeLessThan(tolerance * Math.max(reach, largestOf(exact[k])));
  });
}

const reachOf = ({ layers }: NetworkDescription, samples: number) => {
  return samples * Math.max(...layers.map(([, height, width]) => height * width));
};

describe.each(KERNEL_SETS)('kernel set $name', (set) => {
  const RUNS = set === referenceKernels ? 4 : 25;
  // A chain that has everything, to ask what the set lacks of the operation itself.
  const lacks = ({ asked }: Operation) =>
    set.missing(fc.sample(networksFor(referenceKernels), 1)[0], asked).filter((f) => asked.includes(f));

  for (const operation of OPERATIONS.filter((one) => lacks(one).length === 0)) {
    it(`${operation.title} as the reference`, () => {
      const networks = networksFor(set, operation.asked, operation).filter(operation.fits ?? (() => true));
      const law = (network: NetworkDescription, samples: number, seed: number) => {
        const exact = show(referenceKernels, network, operation, samples, seed);
        const reach = reachOf(network, samples);
        // As in ./conformance.test.ts: where a millionth of the weights moves more than a few, sets may differ.
        const isSteady = [1e-6, -1e-6].every((shift) => {
          const moved = show(referenceKernels, network, operation, samples, seed, shift);
          return moved.every((values, k) => distance(values, exact[k]) < 1e-5 * Math.max(reach, largestOf(exact[k])));
        });
        fc.pre(isSteady);
        expectNear(set, show(set, network, operation, samples, seed), exact, reach);
      };
      fc.assert(fc.property(networks, fc.constantFrom(1, 2, 5, 16, 17), fc.nat(), law), { numRuns: RUNS });
    });
  }

  const hasGoodness = !set.missing(fc.sample(networksFor(referenceKernels), 1)[0], ['goodness']).includes('goodness');
  if (!hasGoodness) return;
  it('finds the losses of layers that learn by goodness, and their errors, as the reference', () => {
    const networks = networksFor(set, ['feed-forward'], {
      dynamics: fc.constantFrom({ kind: 'goodness', threshold: 1 } as const),
    });
    const law = (network: NetworkDescription, seed: number, isReal: boolean) => {
      const losses: number[] = [];
      const operation: Operation = {
        ...{ title: '', asked: [], dynamics: maps },
        run(kernels) {
          settle(kernels, { into: FREE, schedule: 'feed-forward' });
          losses.push(kernels.goodnessErrors(FREE, ERRORS, isReal));
          kernels.addToGradients({ terms: [term(FREE, ERRORS)], readoutAt: FREE });
          const gradients = taken(kernels);
          return network.readout === 'squared-error' ? [...readSlot(kernels, ERRORS), ...gradients] : gradients;
        },
      };
      const [seen, exact] = [set, referenceKernels].map((each) => show(each, network, operation, 3, seed));
      expectNear(set, seen, exact, reachOf(network, 3));
      expect(Math.abs(losses[0] - losses[1])).toBeLessThan(
        (set.elementType === 'float32' ? 1e-5 : 1e-9) * Math.max(1, losses[1]),
      );
    };
    fc.assert(fc.property(networks, fc.nat(), fc.boolean(), law), { numRuns: RUNS });
  });
});
