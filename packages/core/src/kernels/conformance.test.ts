/**
 * Every kernel set against the reference, which is float64 and written to be read, on what all sets have: dense chains.
 * What all sets owe besides agreement is in ./guarantees.test.ts and ./non-finite.test.ts.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activationNamed } from '../activations/catalogue.ts';
import { type RandomStream, randomStream } from '../tensor/random.ts';
import type { Contrast, KernelSet, NetworkKernels, ParameterValues, Phase } from './kernel-set.ts';
import { type Dynamics, denseChain, type NetworkDescription, unitsOf } from './network.ts';
import { referenceKernels } from './reference/reference-kernels.ts';
import { build, drawnParameters, networkOn, phaseOf, readSlot } from './testing/drawn-network.ts';
import { distance, largestOf } from './testing/slopes.ts';
import { wasmKernels } from './wasm/wasm-kernels.ts';

const KERNEL_SETS = [referenceKernels, wasmKernels];

/** Around every width at which padding, panels and tails of a vectorized kernel change. */
const SIZES = [1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 131];

const dynamics: fc.Arbitrary<Dynamics> = fc.oneof(
  fc.record({
    kind: fc.constant('energy-gradient' as const),
    stepSize: fc.double({ min: 0.05, max: 1, noNaN: true }),
  }),
  fc.record({
    kind: fc.constant('discrete-map' as const),
    stepSize: fc.constant(1),
    nudge: fc.constantFrom('inside' as const, 'outside' as const),
  }),
);

const networks: fc.Arbitrary<NetworkDescription> = fc
  .record({
    layerSizes: fc.array(fc.constantFrom(...SIZES), { minLength: 2, maxLength: 5 }),
    activation: fc.constantFrom('hard-sigmoid' as const, 'logistic' as const, 'tanh' as const),
    dynamics,
  })
  .map((drawn) => networkOn(denseChain(drawn.layerSizes), drawn.activation, drawn.dynamics));

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
  /** Which slots free, nudged and opposite states take; there are as many as the WebAssembly plan has room for. */
  slots: fc.shuffledSubarray([...Array(13).keys()], { minLength: 3, maxLength: 3 }),
  seed: fc.nat(),
});
type Trial = typeof trials extends fc.Arbitrary<infer Value> ? Value : never;

/** Values that a float32 holds, so that every set starts from the same numbers. */
function values(stream: RandomStream, length: number, low: number, high: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => low + (high - low) * stream.uniform(i));
}

/** Gains at which a network settles; larger ones multiply rounding from step to step. */
const parametersOf = (network: NetworkDescription, stream: RandomStream) => drawnParameters(network, stream, 0.6, 0.4);

/** Fills the rows and clamps them; three quarters of the inputs are zero, as in images. */
function clamp(kernels: NetworkKernels, samples: number, stream: RandomStream): void {
  const { layers } = kernels.network;
  const outputSize = unitsOf(layers[layers.length - 1]);
  const shown = stream.split('shown');
  values(stream.split('inputs'), samples * unitsOf(layers[0]), -1, 1).forEach((x, i) => {
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

/** upper ⊗ upper − lower ⊗ lower, times `coefficient`. */
function contrastOf(upper: number, lower: number, coefficient: number): Contrast {
  const term = (slot: number, c: number) =>
    ({ below: slot, above: slot, coefficient: c, weights: 'feedforward' }) as const;
  return { terms: [term(upper, coefficient), term(lower, -coefficient)], readoutAt: undefined };
}

/** Runs one trial on a set and returns all that can be seen of it. */
function run(set: KernelSet, trial: Trial) {
  const { network, capacity, missing, freeSteps, nudgedSteps, centred, negative } = trial;
  const [free, first, second] = trial.slots;
  const samples = Math.max(1, capacity - missing);
  const stream = randomStream(trial.seed, 'trial');
  const kernels = build(set, network, { batchCapacity: capacity, slots: 13, parameterBuffers: 2 });
  kernels.writeParameters(parametersOf(network, stream));
  clamp(kernels, samples, stream);

  const beta = negative ? -trial.beta : trial.beta;
  const nudge = (strength: number, into: number) =>
    phaseOf({ from: free, into, steps: nudgedSteps, teaching: { kind: 'nudge', beta: strength } });
  const phases: Phase[] = [phaseOf({ into: free, steps: freeSteps }), nudge(beta, first)];
  if (centred) phases.push(nudge(-beta, second));
  const settled = phases.map((phase) => ({ report: kernels.settle(phase), states: readSlot(kernels, phase.into) }));

  // Gradients grow from what they were.
  const earlier = mapped(parametersOf(network, stream.split('earlier')), (x) => Math.fround(x / 100));
  kernels.writeBuffer(0, earlier);
  const contrast = contrastOf(first, centred ? second : free, 0.5 / samples);
  kernels.addToGradients(contrast);
  const gradients = kernels.readBuffer(0);

  const before = kernels.readParameters();
  // A different scale for every parameter, so that a mix-up shows.
  const scales = kernels.parameters.map((_, k) => (k % 2 === 0 ? 0.02 : -0.02) * (k + 1));
  kernels.addToParameters(contrast, scales);
  const after = kernels.readParameters();

  // The drive of a clamped batch belongs to the old parameters.
  kernels.clamp(samples);
  kernels.settle(phases[0]);
  return {
    settled,
    gradients: { before: earlier, after: gradients },
    parameters: { before, after },
    scales,
    resettled: readSlot(kernels, free),
  };
}
type Outcome = ReturnType<typeof run>;

function mapped({ weights, biases, feedback }: ParameterValues, f: (x: number) => number): ParameterValues {
  const all = (parts: ParameterValues['weights']) => parts.map((part) => Float64Array.from(part, f));
  return { weights: all(weights), biases: all(biases), feedback: all(feedback) };
}

const tensorsOf = ({ weights, biases }: ParameterValues) => [...weights, ...biases];
const difference = (one: ArrayLike<number>, other: ArrayLike<number>) =>
  Float64Array.from(one, (value, i) => value - other[i]);

/** Float32 states after up to 16 contracting steps; ten times the rounding that is seen. */
const STATE_TOLERANCE = 1e-5;

/**
 * A change is right to 5e-4 of its largest entry; where few steps brought hardly any nudge to a layer, it is a difference of
 * states that are known to their own tolerance only.
 */
function expectSameChanges(
  seen: { before: ParameterValues; after: ParameterValues },
  exact: { before: ParameterValues; after: ParameterValues },
  scales: readonly number[],
): void {
  const seenAfter = tensorsOf(seen.after);
  const exactBefore = tensorsOf(exact.before);
  const exactAfter = tensorsOf(exact.after);
  tensorsOf(seen.before).forEach((before, k) => {
    const expected = difference(exactAfter[k], exactBefore[k]);
    const floor = STATE_TOLERANCE * Math.abs(scales[k]);
    expect(distance(difference(seenAfter[k], before), expected)).toBeLessThan(5e-4 * largestOf(expected) + floor);
  });
}

describe.each(KERNEL_SETS)('kernel set $name', (set) => {
  /** The reference against itself shows that the suite can be passed, and that nothing depends on what ran before. */
  const RUNS = set === referenceKernels ? 4 : 25;

  /** Each trial against the reference; a name of its own for every guarantee, with trials of its own. */
  const holds = (law: (seen: Outcome, exact: Outcome, trial: Trial) => void) => {
    fc.assert(
      fc.property(trials, (trial) => law(run(set, trial), run(referenceKernels, trial), trial)),
      { numRuns: RUNS },
    );
  };

  it('settles every layer to the states of the reference in free and nudged phases', () => {
    holds((seen, exact) => {
      seen.settled.forEach(({ states }, phase) => {
        states.forEach((layer, k) => {
          expect(distance(layer, exact.settled[phase].states[k])).toBeLessThan(STATE_TOLERANCE);
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
        expect(report.reason).toBe('steps');
        // The residual is a difference of two states, so it inherits the tolerance of both, over the step size.
        const tolerance = 1e-4 * expected.residual + 4 * STATE_TOLERANCE;
        expect(Math.abs(report.residual - expected.residual)).toBeLessThan(tolerance);
      });
    });
  });

  it('adds the contrast of the reference to the gradient of every weight and bias', () => {
    holds((seen, exact) => {
      // States 0.5 apart from 0.5 are multiplied by 0.5: the tolerance of states counts once.
      expectSameChanges(
        seen.gradients,
        exact.gradients,
        seen.scales.map(() => 1),
      );
    });
  });

  it('adds the contrast of the reference to every weight and bias itself, each at its own scale', () => {
    holds((seen, exact) => {
      expectSameChanges(seen.parameters, exact.parameters, seen.scales);
    });
  });

  it('settles with the moved parameters after a contrast, upwards and downwards', () => {
    holds((seen, exact) => {
      seen.resettled.forEach((layer, k) => {
        // The moved weights carry a rounding of their own.
        expect(distance(layer, exact.resettled[k])).toBeLessThan(2 * STATE_TOLERANCE);
      });
    });
  });

  it('ends a phase by its tolerance at the step of the reference, where the residual crosses it clearly', () => {
    const law = (trial: Trial, tolerance: number, leastSteps: number) => {
      const ends = [set, referenceKernels].map((each) => {
        const stream = randomStream(trial.seed, 'trial');
        const kernels = build(each, trial.network, { batchCapacity: trial.capacity });
        kernels.writeParameters(parametersOf(trial.network, stream));
        clamp(kernels, trial.capacity, stream);
        const phase = phaseOf({ steps: 60, tolerance, leastSteps });
        const report = kernels.settle(phase);
        if (report.kind !== 'settled') throw new Error('nobody asked to stop');
        // The same, step by step: when was the residual first below?
        const residuals = Array.from({ length: report.steps }, (_, k) => {
          const part = kernels.settle({ ...phase, tolerance: 0, steps: k + 1 });
          return part.kind === 'settled' ? part.residual : Number.NaN;
        });
        return { report, residuals };
      });
      const [seen, exact] = ends;
      const clear = exact.residuals.every((residual) => Math.abs(residual / tolerance - 1) > 0.1);
      if (clear) expect(seen.report).toMatchObject({ steps: exact.report.steps, reason: exact.report.reason });
      const first = seen.residuals.findIndex((residual, k) => residual < tolerance && k + 1 >= leastSteps);
      expect(seen.report.steps).toBe(first === -1 ? 60 : first + 1);
      expect(seen.report.reason).toBe(first === -1 ? 'steps' : 'tolerance');
      expect(seen.report.residual).toBe(seen.residuals[seen.report.steps - 1]);
    };
    const tolerances = fc.double({ min: 1e-3, max: 0.3, noNaN: true });
    fc.assert(fc.property(trials, tolerances, fc.integer({ min: 1, max: 10 }), law), { numRuns: Math.ceil(RUNS / 2) });
  });

  it('contrasts and continues from states that were written as from those that it settled to', () => {
    const law = (trial: Trial) => {
      const [free, first, second] = trial.slots;
      const stream = randomStream(trial.seed, 'trial');
      const kernels = build(set, trial.network, { batchCapacity: trial.capacity, slots: 13 });
      kernels.writeParameters(parametersOf(trial.network, stream));
      clamp(kernels, trial.capacity, stream);
      kernels.settle(phaseOf({ into: free, steps: trial.freeSteps }));
      const nudged = phaseOf({ from: free, into: first, steps: 3, teaching: { kind: 'nudge', beta: trial.beta } });
      kernels.settle(nudged);
      const [onward, gradients] = [
        readSlot(kernels, first),
        () => tensorsOf(kernels.readBuffer(0)).map((part) => part.slice()),
      ];
      kernels.addToGradients(contrastOf(first, free, 1));
      const once = gradients();
      readSlot(kernels, free).forEach((states, k) => {
        kernels.writeStates(second, k + 1, states);
      });
      expect(readSlot(kernels, second)).toEqual(readSlot(kernels, free));
      kernels.settle({ ...nudged, from: second });
      expect(readSlot(kernels, first)).toEqual(onward);
      kernels.addToGradients(contrastOf(first, second, 1));
      gradients().forEach((twice, k) => {
        // The sum of two float32 gradients is rounded once more, and what a written state shows is not its last bit.
        expect(
          distance(
            twice,
            once[k].map((x) => 2 * x),
          ),
        ).toBeLessThan(1e-5 * trial.capacity + 1e-5 * largestOf(once[k]));
      });
    };
    fc.assert(fc.property(trials, law), { numRuns: 40 });
  });

  it('computes every activation to float32 accuracy over the whole range', () => {
    const points = Float32Array.from({ length: 4_001 }, (_, i) => (i - 2_000) / 100);
    for (const activation of ['hard-sigmoid', 'logistic', 'tanh'] as const) {
      const network = networkOn(denseChain([1, 1]), activation, { kind: 'discrete-map', stepSize: 1, nudge: 'inside' });
      const kernels = build(set, network, { batchCapacity: points.length });
      kernels.writeParameters({ weights: [Float32Array.of(1)], biases: [Float32Array.of(0)], feedback: [] });
      kernels.inputs.set(points);
      kernels.clamp(points.length);
      kernels.settle(phaseOf({}));
      const expected = Float64Array.from(points, activationNamed(activation).value);
      // Four roundings of a float32 near 1: exponential, sum, quotient and, for tanh, a difference of twice it.
      expect(distance(kernels.readStates(0, 1), expected)).toBeLessThan(4 * 2 ** -24);
    }
  });

  it('reads back exactly the parameters and buffers that were written, and shows them in its live tensors', () => {
    fc.assert(
      fc.property(networks, fc.nat(), (network, seed) => {
        const kernels = build(set, network, { parameterBuffers: 3 });
        const drawn = [0, 1, 2, 3].map((k) => parametersOf(network, randomStream(seed, `trial ${k}`)));
        kernels.writeParameters(drawn[3]);
        for (let buffer = 0; buffer < 3; buffer++) kernels.writeBuffer(buffer, drawn[buffer]);
        const lists = (given: ParameterValues) => tensorsOf(given).map((part) => [...part]);
        expect(lists(kernels.readParameters())).toEqual(lists(drawn[3]));
        for (let buffer = 0; buffer < 3; buffer++)
          expect(lists(kernels.readBuffer(buffer))).toEqual(lists(drawn[buffer]));
        // The live tensors hold the same numbers, and besides them only zeros.
        const nonZero = (numbers: ArrayLike<number>) => Array.from(numbers).filter((x) => x !== 0);
        kernels.parameters.forEach((tensor, k) => {
          expect(nonZero(tensor.values)).toEqual(nonZero(tensorsOf(drawn[3])[k]));
          expect(tensor.buffers.length).toBe(3);
          tensor.buffers.forEach((buffer, b) => {
            expect(buffer.length).toBe(tensor.values.length);
            expect(nonZero(buffer)).toEqual(nonZero(tensorsOf(drawn[b])[k]));
          });
          tensor.values.forEach((value, at) => {
            tensor.values[at] = 2 * value;
          });
        });
        expect(lists(kernels.readParameters())).toEqual(lists(mapped(drawn[3], (x) => 2 * x)));
        const indices = network.connections.map((_, k) => k);
        expect(kernels.parameters.map(({ kind, index }) => `${kind} ${index}`)).toEqual([
          ...indices.map((k) => `weights ${k}`),
          ...indices.map((k) => `biases ${k + 1}`),
        ]);
      }),
      { numRuns: 30 },
    );
  });
});
