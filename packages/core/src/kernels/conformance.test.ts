/**
 * Every kernel set against the reference, which is float64 and written to be read, on random networks over everything that
 * a set does not declare missing. Operations besides settling and contrasts: ./operations-conformance.test.ts. What all sets
 * owe besides agreement is in ./guarantees.test.ts and ./non-finite.test.ts.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACTIVATION_NAMES, activationNamed } from '../activations/catalogue.ts';
import { randomStream } from '../tensor/random.ts';
import type { KernelSet, ParameterValues } from './kernel-set.ts';
import { denseChain } from './network.ts';
import { referenceKernels } from './reference/reference-kernels.ts';
import { build, networkOn, phaseOf, readSlot } from './testing/drawn-network.ts';
import { networksFor, type Trial, trialsFor } from './testing/drawn-trial.ts';
import { KERNEL_SETS, SETS_WITH_LANES } from './testing/every-kernel-set.ts';
import { distance, largestOf } from './testing/slopes.ts';
import {
  balancedParameters,
  bitsOf,
  clampTrial,
  type Movement,
  mapped,
  type Outcome,
  runTrial,
  tensorsOf,
} from './testing/trial-run.ts';

/** Of states, after steps that do not let errors grow; some ten times the rounding that is seen. */
const stateTolerance = ({ elementType }: KernelSet) => (elementType === 'float32' ? 1e-5 : 1e-9);
/** Of changes of weights, relative to the largest. */
const changeTolerance = ({ elementType }: KernelSet) => (elementType === 'float32' ? 5e-4 : 1e-9);
const spacing = ({ elementType }: KernelSet) => (elementType === 'float32' ? 2 ** -23 : 2 ** -52);

/** A maximum may change its mind, a clip its side, where two numbers are as close as rounding: there sets may differ. */
const SHIFT = 1e-6;
const MOST_MOVED = 10 * SHIFT;

const difference = (one: ArrayLike<number>, other: ArrayLike<number>) =>
  Float64Array.from(one, (value, i) => value - other[i]);

function statesApart(one: Outcome, other: Outcome): number {
  const distances = one.batches.flatMap((phases, batch) =>
    phases.flatMap(({ states }, phase) => {
      return states.map((layer, k) => distance(layer, other.batches[batch][phase].states[k]));
    }),
  );
  return Math.max(...distances);
}

/** Undefined where a millionth of the weights would move states by more than a few. */
function wellPosed(trial: Trial): Outcome | undefined {
  const exact = runTrial(referenceKernels, trial);
  const settles = exact.batches.flat().every(({ report }) => report.kind === 'settled');
  const isSteady = [SHIFT, -SHIFT].every(
    (shift) => statesApart(runTrial(referenceKernels, trial, { shift }), exact) < MOST_MOVED,
  );
  return settles && isSteady ? exact : undefined;
}

/** To the tolerance of changes, where states that are known to their own tolerance only do not explain more. */
function expectSameChanges(set: KernelSet, seen: Movement, exact: Movement): void {
  const [seenAfter, exactBefore, exactAfter] = [seen.after, exact.before, exact.after].map(tensorsOf);
  tensorsOf(seen.before).forEach((before, k) => {
    const expected = difference(exactAfter[k], exactBefore[k]);
    const floor = stateTolerance(set) * exact.weight[k] + 2 * spacing(set) * largestOf(exactAfter[k]);
    const most = changeTolerance(set) * largestOf(expected) + floor;
    expect(distance(difference(seenAfter[k], before), expected)).toBeLessThanOrEqual(most);
  });
}

describe.each(KERNEL_SETS)('kernel set $name', (set) => {
  /** The reference against itself shows that the suite can be passed, and that nothing depends on what ran before. */
  const RUNS = set === referenceKernels ? 5 : 30;

  /** Each trial against the reference; a name of its own for every guarantee, with trials of its own. */
  const holds = (law: (seen: Outcome, exact: Outcome, trial: Trial) => void) => {
    fc.assert(
      fc.property(trialsFor(set), (trial) => {
        const exact = wellPosed(trial);
        fc.pre(exact !== undefined);
        law(runTrial(set, trial), exact, trial);
      }),
      { numRuns: RUNS },
    );
  };

  it('settles every layer to the states of the reference, batch after batch with weights that moved in between', () => {
    holds((seen, exact) => {
      seen.batches.forEach((phases, batch) => {
        phases.forEach(({ states }, phase) => {
          states.forEach((layer, k) => {
            const expected = exact.batches[batch][phase].states[k];
            // Moved weights carry a rounding of their own.
            const most = (batch === 0 ? 1 : 2) * stateTolerance(set) * Math.max(1, largestOf(expected));
            expect(distance(layer, expected)).toBeLessThan(most);
          });
        });
      });
    });
  });

  it('reports the number of steps and the residual of the reference', () => {
    holds((seen, exact, { network }) => {
      const stepSize = 'stepSize' in network.dynamics ? network.dynamics.stepSize : 1;
      seen.batches.forEach((phases, batch) => {
        phases.forEach(({ report }, phase) => {
          const expected = exact.batches[batch][phase].report;
          if (report.kind !== 'settled' || expected.kind !== 'settled')
            throw new Error('nothing else was to be expected');
          expect(report).toMatchObject({ steps: expected.steps, reason: expected.reason });
          // The residual is a difference of two states, so it inherits the tolerance of both, over the step size.
          const tolerance = 10 * stateTolerance(set) * expected.residual + (4 * stateTolerance(set)) / stepSize;
          expect(Math.abs(report.residual - expected.residual)).toBeLessThan(tolerance);
        });
      });
    });
  });

  it('adds the contrasts of the reference to the gradient of every tensor', () => {
    holds((seen, exact) => {
      expectSameChanges(set, seen.gradients, exact.gradients);
    });
  });

  it('adds the contrasts of the reference to every tensor itself, each at its own scale', () => {
    holds((seen, exact) => {
      expectSameChanges(set, seen.parameters, exact.parameters);
    });
  });

  it('settles and learns to the same bits from lists as from rows', () => {
    fc.assert(
      fc.property(trialsFor(set), (trial) => {
        const [lists, rows] = [true, false].map((isListed) => bitsOf(runTrial(set, { ...trial, isListed })));
        expect(Buffer.compare(lists, rows)).toBe(0);
      }),
      { numRuns: RUNS },
    );
  });

  it('clamps the same batch again with weights that moved', () => {
    const law = (trial: Trial) => {
      const states = [true, false].map((isAgain) => {
        const stream = randomStream(trial.seed, 'trial');
        const kernels = build(set, trial.network, { batchCapacity: trial.capacity });
        const moved = balancedParameters(trial.network, stream.split('moved'), 0.5);
        if (isAgain) {
          kernels.writeParameters(balancedParameters(trial.network, stream, 0.5));
          clampTrial(kernels, trial.capacity, trial.isListed, stream);
          kernels.writeParameters(moved);
          kernels.clampAgain();
        } else {
          kernels.writeParameters(moved);
          clampTrial(kernels, trial.capacity, trial.isListed, stream);
        }
        kernels.settle(phaseOf({ steps: 4 }));
        return readSlot(kernels, 0);
      });
      expect(states[0]).toEqual(states[1]);
    };
    fc.assert(fc.property(trialsFor(set), law), { numRuns: RUNS });
    const kernels = build(set, networkOn(denseChain([2, 1]), 'tanh', { kind: 'energy-gradient', stepSize: 0.5 }));
    expect(() => kernels.clampAgain()).toThrow(RangeError);
  });

  it('ends a phase by its tolerance at the step of the reference, where the residual crosses it clearly', () => {
    const law = (trial: Trial, tolerance: number, leastSteps: number) => {
      const isSwept = trial.freeSchedule === 'feed-forward';
      const most = isSwept ? 1 : 40;
      const ends = [set, referenceKernels].map((each) => {
        const stream = randomStream(trial.seed, 'trial');
        const kernels = build(each, trial.network, { batchCapacity: trial.capacity });
        kernels.writeParameters(balancedParameters(trial.network, stream, 0.5));
        clampTrial(kernels, trial.capacity, trial.isListed, stream);
        const phase = phaseOf({ steps: most, tolerance, leastSteps, schedule: trial.freeSchedule });
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
      expect(seen.report.steps).toBe(first === -1 ? most : first + 1);
      expect(seen.report.reason).toBe(first === -1 ? 'steps' : 'tolerance');
      expect(seen.report.residual).toBe(seen.residuals[seen.report.steps - 1]);
    };
    const tolerances = fc.double({ min: 1e-3, max: 0.3, noNaN: true });
    fc.assert(fc.property(trialsFor(set), tolerances, fc.integer({ min: 1, max: 10 }), law), {
      numRuns: Math.ceil(RUNS / 2),
    });
  });

  it('continues and contrasts from states that were written as from those that it settled to', () => {
    const law = (trial: Trial) => {
      const [free, first, second] = trial.slots;
      const stream = randomStream(trial.seed, 'trial');
      const kernels = build(set, trial.network, { batchCapacity: trial.capacity, slots: 7 });
      kernels.writeParameters(balancedParameters(trial.network, stream, 0.5));
      clampTrial(kernels, trial.capacity, trial.isListed, stream);
      kernels.settle(phaseOf({ into: free, steps: trial.freeSteps }));
      const nudged = phaseOf({
        ...{ from: free, into: first, steps: 3, schedule: trial.schedule },
        teaching: { kind: 'nudge', beta: trial.strength },
      });
      kernels.settle(nudged);
      const onward = readSlot(kernels, first);
      onward.forEach((states, k) => {
        const into = new Float64Array(states.length + 1).fill(-7);
        kernels.readStatesInto(first, k + 1, into);
        expect([...into]).toEqual([...states, -7]);
        expect(() => kernels.readStatesInto(first, k + 1, new Float64Array(states.length - 1))).toThrow(RangeError);
      });
      // Entries of states that are summed into one of a gradient.
      const reach = trial.capacity * Math.max(...trial.network.layers.map(([, height, width]) => height * width));
      const gradients = () => tensorsOf(kernels.readBuffer(0)).map((part) => part.slice());
      const contrast = (upper: number, lower: number) => ({
        terms: [
          { below: upper, above: upper, coefficient: 1, weights: 'feedforward' as const },
          { below: lower, above: lower, coefficient: -1, weights: 'feedforward' as const },
        ],
        readoutAt: undefined,
      });
      kernels.addToGradients(contrast(first, free));
      const once = gradients();
      readSlot(kernels, free).forEach((states, k) => {
        kernels.writeStates(second, k + 1, states);
      });
      expect(readSlot(kernels, second)).toEqual(readSlot(kernels, free));
      kernels.settle({ ...nudged, from: second });
      // What a state shows its neighbours may differ in its last bit once the state was written.
      readSlot(kernels, first).forEach((states, k) => {
        expect(distance(states, onward[k])).toBeLessThan(stateTolerance(set) * Math.max(1, largestOf(onward[k])));
      });
      kernels.writeBuffer(
        0,
        mapped(kernels.readBuffer(0), () => 0),
      );
      kernels.addToGradients(contrast(first, second));
      gradients().forEach((values, k) => {
        expect(distance(values, once[k])).toBeLessThan(stateTolerance(set) * (8 * reach + largestOf(once[k])));
      });
    };
    fc.assert(fc.property(trialsFor(set), law), { numRuns: RUNS });
  });

  it.each(ACTIVATION_NAMES)('computes %s to the accuracy of its numbers over the whole range', (name) => {
    const points = Float32Array.from({ length: 4_001 }, (_, i) => (i - 2_000) / 100);
    const network = networkOn(denseChain([1, 1]), name, { kind: 'discrete-map', stepSize: 1, nudge: 'inside' });
    if (set.missing(network, []).length > 0) return;
    const kernels = build(set, network, { batchCapacity: points.length });
    kernels.writeParameters({ weights: [Float32Array.of(1)], biases: [Float32Array.of(0)], feedback: [] });
    kernels.inputs.set(points);
    kernels.clamp(points.length);
    kernels.settle(phaseOf({}));
    const expected = Float64Array.from(points, activationNamed(name).value);
    // Four roundings of a number near 1: exponential, sum, quotient and, for tanh, a difference of twice it. The holomorphic
    // clip is a difference of two numbers of the size of what drives it, and the identity is as large itself.
    const isBounded = name !== 'holomorphic-hard-sigmoid' && name !== 'identity';
    const scaled = Float64Array.from(
      kernels.readStates(0, 1),
      (s, i) => (s - expected[i]) / (isBounded ? 1 : Math.max(1, Math.abs(points[i]))),
    );
    expect(largestOf(scaled)).toBeLessThan(4 * spacing(set));
  });

  it('reads back exactly the parameters and buffers that were written, and shows them in its live tensors', () => {
    fc.assert(
      fc.property(networksFor(set), fc.nat(), (network, seed) => {
        const kernels = build(set, network, { parameterBuffers: 3 });
        const drawn = [0, 1, 2, 3].map((k) => balancedParameters(network, randomStream(seed, `trial ${k}`), 0.5));
        kernels.writeParameters(drawn[3]);
        for (let buffer = 0; buffer < 3; buffer++) kernels.writeBuffer(buffer, drawn[buffer]);
        const expectSame = (given: ParameterValues, wanted: ParameterValues) => {
          tensorsOf(given).forEach((part, k) => {
            expect(distance(part, tensorsOf(wanted)[k])).toBe(0);
          });
        };
        expectSame(kernels.readParameters(), drawn[3]);
        for (let buffer = 0; buffer < 3; buffer++) expectSame(kernels.readBuffer(buffer), drawn[buffer]);
        // The live tensors hold the same numbers in some order, and besides them only zeros.
        const nonZero = (numbers: ArrayLike<number>) => {
          return Float64Array.from(numbers)
            .filter((x) => x !== 0)
            .sort();
        };
        kernels.parameters.forEach((tensor, k) => {
          expect(distance(nonZero(tensor.values), nonZero(tensorsOf(drawn[3])[k]))).toBe(0);
          expect(tensor.buffers.length).toBe(3);
          tensor.buffers.forEach((buffer, b) => {
            expect(buffer.length).toBe(tensor.values.length);
            expect(distance(nonZero(buffer), nonZero(tensorsOf(drawn[b])[k]))).toBe(0);
          });
          tensor.values.forEach((value, at) => {
            tensor.values[at] = 2 * value;
          });
        });
        expectSame(
          kernels.readParameters(),
          mapped(drawn[3], (x) => 2 * x),
        );
        const indices = network.connections.map((_, k) => k);
        expect(kernels.parameters.map(({ kind, index }) => `${kind} ${index}`)).toEqual([
          ...indices.map((k) => `weights ${k}`),
          ...network.layers.slice(1).map((_, k) => `biases ${k + 1}`),
          ...(network.feedback === 'separate' ? indices.map((k) => `feedback ${k}`) : []),
        ]);
      }),
      { numRuns: 30 },
    );
  });
});

describe.each(SETS_WITH_LANES)('kernel set $name with lanes', (set) => {
  it('gives the same bits for 1, 2 and 3 of them', () => {
    fc.assert(
      fc.property(trialsFor(set), (trial) => {
        const [one, ...others] = [1, 2, 3].map((count) => bitsOf(runTrial(set, trial, { lanes: { count } })));
        for (const outcome of others) expect(Buffer.compare(outcome, one)).toBe(0);
      }),
      { numRuns: 25 },
    );
  });
});
