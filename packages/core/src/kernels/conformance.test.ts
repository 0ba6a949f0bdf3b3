/**
 * Every kernel set against the reference, which is float64 and written to be read. What all sets owe besides agreement
 * is in ./guarantees.test.ts and ./non-finite.test.ts.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { type RandomStream, randomStream } from '../tensor/random.ts';
import { activationNamed } from './activations.ts';
import type { KernelSet, NetworkDescription, NetworkKernels, ParameterValues, Phase } from './kernel-set.ts';
import { referenceKernels } from './reference/reference-kernels.ts';
import { wasmKernels } from './wasm/wasm-kernels.ts';

const KERNEL_SETS = [referenceKernels, wasmKernels];

/** Around every width at which padding, panels and tails of a vectorized kernel change. */
const SIZES = [1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 131];

const dynamics = fc.oneof(
  fc.record({ kind: fc.constant('energy-gradient'), stepSize: fc.double({ min: 0.05, max: 1, noNaN: true }) }),
  fc.record({ kind: fc.constant('discrete-map'), nudge: fc.constantFrom('inside', 'outside') }),
);

const networks: fc.Arbitrary<NetworkDescription> = fc.record({
  layerSizes: fc.array(fc.constantFrom(...SIZES), { minLength: 2, maxLength: 5 }),
  activation: fc.constantFrom('hard-sigmoid', 'logistic', 'tanh'),
  dynamics,
});

const trials = fc.record({
  network: networks,
  capacity: fc.integer({ min: 1, max: 9 }),
  /** The batch is smaller than the capacity by up to this much. */
  missing: fc.nat({ max: 4 }),
  freeSteps: fc.integer({ min: 1, max: 8 }),
  nudgedSteps: fc.integer({ min: 1, max: 8 }),
  beta: fc.double({ min: 0.05, max: 0.5, noNaN: true }),
  negative: fc.boolean(),
  centred: fc.boolean(),
  seed: fc.nat(),
});
type Trial = typeof trials extends fc.Arbitrary<infer Value> ? Value : never;

/** Values that a float32 holds, so that every set starts from the same numbers. */
function values(stream: RandomStream, length: number, low: number, high: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => low + (high - low) * stream.uniform(i));
}

/** Weights well within the Glorot bound: such a network settles; a larger one multiplies rounding from step to step. */
function parametersOf({ layerSizes }: NetworkDescription, stream: RandomStream): ParameterValues {
  const pairs = layerSizes.slice(1).map((above, k) => ({ below: layerSizes[k], above, k }));
  return {
    weights: pairs.map(({ below, above, k }) => {
      const bound = 0.3 * Math.sqrt(6 / (below + above));
      return values(stream.split('weights').split(k), below * above, -bound, bound);
    }),
    biases: pairs.map(({ above, k }) => values(stream.split('biases').split(k), above, -0.3, 0.5)),
  };
}

function build(set: KernelSet, network: NetworkDescription, capacity: number): NetworkKernels {
  return set.build(network, capacity, openArena(createArenaMemory(set.predictBytes(network, capacity))));
}

/** Fills the rows and clamps them; three quarters of the inputs are zero, as in images. */
function clamp(kernels: NetworkKernels, samples: number, stream: RandomStream): void {
  const [inputSize] = kernels.network.layerSizes;
  const outputSize = kernels.network.layerSizes[kernels.network.layerSizes.length - 1];
  const shown = stream.split('shown');
  values(stream.split('inputs'), samples * inputSize, -1, 1).forEach((x, i) => {
    kernels.inputs[i] = shown.uniform(i) < 0.25 ? x : 0;
  });
  const wanted = values(stream.split('labels'), samples * outputSize, -1, 1);
  for (let sample = 0; sample < samples; sample++) {
    for (let unit = 0; unit < outputSize; unit++) {
      kernels.labels[sample * kernels.labelStride + unit] = wanted[sample * outputSize + unit];
    }
  }
  kernels.clamp(samples);
}

/** Runs one trial on a set and returns all that can be seen of it. */
function run(set: KernelSet, trial: Trial) {
  const { network, capacity, missing, freeSteps, nudgedSteps, centred, negative } = trial;
  const samples = Math.max(1, capacity - missing);
  const stream = randomStream(trial.seed, 'trial');
  const kernels = build(set, network, capacity);
  kernels.writeParameters(parametersOf(network, stream));
  clamp(kernels, samples, stream);

  const beta = negative ? -trial.beta : trial.beta;
  const nudge = (strength: number): Phase => {
    return { beta: strength, steps: nudgedSteps, from: 'free', into: strength > 0 ? 'upper' : 'lower' };
  };
  const phases: Phase[] = [{ beta: 0, steps: freeSteps, from: 'zeros', into: 'free' }, nudge(beta)];
  if (centred) phases.push(nudge(-beta));
  const settled = phases.map((phase) => ({ report: kernels.settle(phase), states: readSlot(kernels, phase.into) }));

  const before = kernels.readParameters();
  const lower = centred || negative ? 'lower' : 'free';
  const upper = centred || !negative ? 'upper' : 'free';
  // A different scale for every layer and part, so that a mix-up shows.
  const weightScales = before.weights.map((_, k) => (0.02 * (k + 1)) / samples);
  const biasScales = before.biases.map((_, k) => (-0.02 * (k + 2)) / samples);
  kernels.addContrast(lower, upper, weightScales, biasScales);
  const after = kernels.readParameters();

  // The drive of a clamped batch belongs to the old parameters.
  kernels.clamp(samples);
  kernels.settle({ beta: 0, steps: freeSteps, from: 'zeros', into: 'free' });
  return {
    settled,
    before,
    after,
    scales: { weights: weightScales, biases: biasScales },
    resettled: readSlot(kernels, 'free'),
  };
}
type Outcome = ReturnType<typeof run>;

function readSlot(kernels: NetworkKernels, slot: Phase['into']): Float64Array[] {
  return kernels.network.layerSizes.slice(1).map((_, k) => kernels.readStates(slot, k + 1));
}

function largestDifference(one: ArrayLike<number>, other: ArrayLike<number>): number {
  expect(one.length).toBe(other.length);
  let largest = 0;
  for (let i = 0; i < one.length; i++) largest = Math.max(largest, Math.abs(one[i] - other[i]));
  return largest;
}

const difference = (one: ArrayLike<number>, other: ArrayLike<number>) =>
  Float64Array.from(one, (value, i) => value - other[i]);

const largestOf = (numbers: ArrayLike<number>) => largestDifference(numbers, new Float64Array(numbers.length));

/** Float32 states after up to 16 contracting steps; ten times the rounding that is seen. */
const STATE_TOLERANCE = 1e-5;

describe.each(KERNEL_SETS)('kernel set $name', (set) => {
  /** Each trial against the reference; a name of its own for every guarantee, with trials of its own. */
  const holds = (law: (seen: Outcome, exact: Outcome, trial: Trial) => void) => {
    fc.assert(
      fc.property(trials, (trial) => law(run(set, trial), run(referenceKernels, trial), trial)),
      { numRuns: 60 },
    );
  };

  it('settles every layer to the states of the reference in free and nudged phases', () => {
    holds((seen, exact) => {
      seen.settled.forEach(({ states }, phase) => {
        states.forEach((layer, k) => {
          expect(largestDifference(layer, exact.settled[phase].states[k])).toBeLessThan(STATE_TOLERANCE);
        });
      });
    });
  });

  it('reports the number of steps and the residual of the reference', () => {
    holds((seen, exact, { freeSteps, nudgedSteps }) => {
      seen.settled.forEach(({ report }, phase) => {
        const expected = exact.settled[phase].report;
        if (report.kind !== 'settled' || expected.kind !== 'settled') throw new Error('nobody asked to stop');
        expect(report.steps).toBe(phase === 0 ? freeSteps : nudgedSteps);
        // The residual is a difference of two states, so it inherits the tolerance of both.
        const tolerance = 1e-4 * expected.residual + 2 * STATE_TOLERANCE;
        expect(Math.abs(report.residual - expected.residual)).toBeLessThan(tolerance);
      });
    });
  });

  it('adds the contrast of the reference to every weight and bias, each layer at its own scale', () => {
    holds((seen, exact) => {
      for (const part of ['weights', 'biases'] as const) {
        seen.after[part].forEach((after, k) => {
          const change = difference(after, seen.before[part][k]);
          const expected = difference(exact.after[part][k], exact.before[part][k]);
          // Relative to the largest change; where few steps brought hardly any nudge to a layer, the change is a
          // difference of states that are known to their own tolerance only.
          const floor = STATE_TOLERANCE * Math.abs(seen.scales[part][k]);
          expect(largestDifference(change, expected)).toBeLessThan(5e-4 * largestOf(expected) + floor);
        });
      }
    });
  });

  it('settles with the moved parameters after a contrast, upwards and downwards', () => {
    holds((seen, exact) => {
      seen.resettled.forEach((layer, k) => {
        // The moved weights carry a rounding of their own.
        expect(largestDifference(layer, exact.resettled[k])).toBeLessThan(2 * STATE_TOLERANCE);
      });
    });
  });

  it('computes every activation to float32 accuracy over the whole range', () => {
    const points = Float32Array.from({ length: 4_001 }, (_, i) => (i - 2_000) / 100);
    for (const activation of ['hard-sigmoid', 'logistic', 'tanh'] as const) {
      const network: NetworkDescription = {
        layerSizes: [1, 1],
        activation,
        dynamics: { kind: 'discrete-map', nudge: 'inside' },
      };
      const kernels = build(set, network, points.length);
      kernels.writeParameters({ weights: [Float32Array.of(1)], biases: [Float32Array.of(0)] });
      kernels.inputs.set(points);
      kernels.clamp(points.length);
      kernels.settle({ beta: 0, steps: 1, from: 'zeros', into: 'free' });
      const expected = Float64Array.from(points, activationNamed(activation).value);
      // Four roundings of a float32 near 1: exponential, sum, quotient and, for tanh, a difference of twice it.
      expect(largestDifference(kernels.readStates('free', 1), expected)).toBeLessThan(4 * 2 ** -24);
    }
  });

  it('reads back exactly the parameters that were written', () => {
    fc.assert(
      fc.property(networks, fc.nat(), (network, seed) => {
        const kernels = build(set, network, 1);
        const written = parametersOf(network, randomStream(seed, 'trial'));
        kernels.writeParameters(written);
        const read = kernels.readParameters();
        expect(read.weights.map((w) => [...w])).toEqual(written.weights.map((w) => [...w]));
        expect(read.biases.map((b) => [...b])).toEqual(written.biases.map((b) => [...b]));
      }),
      { numRuns: 30 },
    );
  });
});
