/**
 * Estimators that sweep instead of settling.
 *
 *   backpropagation      the exact gradient of the cost at the end of one upward sweep
 *   feedback alignment   the same where the feedback weights equal the forward ones; they themselves never learn
 *   forward-forward      every layer follows the slope of its own loss, the read-out that of its cross-entropy
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NetworkKernels } from '../kernels/kernel-set.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { softmaxCrossEntropy, squaredError } from '../models/cost.ts';
import { goodnessNetwork } from '../models/goodness-network.ts';
import { upwardDrive } from '../models/interaction.ts';
import type { LayeredModel } from '../models/layered-model.ts';
import { networkStructure } from '../models/network-structure.ts';
import { prototypical } from '../models/prototypical.ts';
import { backpropagation } from './backpropagation.ts';
import { missingProperties } from './compatibility.ts';
import { forwardForward } from './forward-forward.ts';
import { FREE } from './gradient-estimator.ts';
import {
  drawOf,
  estimated,
  finiteDifferences,
  flat,
  kernelsFor,
  type Problem,
  relativeError,
  runEstimator,
  trueGradient,
} from './testing/gradient-check.ts';
import { problemOf, SAMPLE_NETWORKS, type SampleNetwork } from './testing/sample-problems.ts';
import { upwardSweep } from './upward-sweep.ts';

/** What finite differences leave where the steepest activation, the logistic, bends most: h⁴ times its fifth derivative. */
const EXACT = 1e-8;

/** The sweep's cost is the read-out's own: how a nudge would enter does not matter where nothing is nudged. */
const sweptCost =
  ({ network }: LayeredModel): LayeredModel['cost'] =>
  (parameters, states, labels) =>
    network.readout === 'squared-error'
      ? squaredError(states[states.length - 1], labels)
      : softmaxCrossEntropy(network, parameters, states[states.length - 2], labels);

const SWEPT = SAMPLE_NETWORKS.filter(
  ({ model }) => missingProperties(model, backpropagation('symmetric')).length === 0,
);

describe.each(SWEPT)('backpropagation on $title', (network) => {
  const { model } = network;

  it('is the gradient of the cost after one sweep', () => {
    // Seeds without ties where a pooling chooses.
    const seeds = network.isKinked ? fc.constantFrom(1, 2, 3, 5, 6, 7) : fc.nat();
    fc.assert(
      fc.property(seeds, (seed) => {
        const problem = problemOf(network, seed, 2);
        const gradient = trueGradient(
          referenceKernels,
          problem,
          (kernels) => upwardSweep(kernels, FREE),
          sweptCost(model),
        );
        expect(
          relativeError(estimated(referenceKernels, problem, backpropagation('symmetric')), gradient),
        ).toBeLessThan(EXACT);
      }),
      { numRuns: 5 },
    );
  });
});

describe('feedback alignment', () => {
  const structureOf = (feedback: 'symmetric' | 'separate', readout: 'squared-error' | 'softmax-cross-entropy') =>
    networkStructure({
      input: [3, 1, 1],
      layers: [4, 3, 2],
      skips: [{ from: 1, to: 3, kernelSize: 0, stride: 1, padding: 0 }].filter(() => readout === 'squared-error'),
      activation: 'tanh',
      outputActivation: 'identity',
      readout,
      feedback,
    });
  const networkOf = (feedback: 'symmetric' | 'separate', readout: 'squared-error' | 'softmax-cross-entropy') => ({
    title: feedback,
    model: prototypical(structureOf(feedback, readout), { nudge: 'inside', stepSize: 1 }),
    spread: 1,
    biases: [-0.3, 0.3] as const,
    labels: [0.6, 0.9] as const,
    isKinked: false,
  });
  /** A problem with separate feedback, and the one with the same numbers and none. */
  const pairOf = (seed: number, readout: 'squared-error' | 'softmax-cross-entropy'): [Problem, Problem] => {
    const separate = problemOf(networkOf('separate', readout), seed, 2);
    const symmetric = networkOf('symmetric', readout).model;
    return [separate, { ...separate, model: symmetric, parameters: { ...separate.parameters, feedback: [] } }];
  };

  it.each(['squared-error', 'softmax-cross-entropy'] as const)(
    'with equal weights is backpropagation (%s)',
    (readout) => {
      fc.assert(
        fc.property(fc.nat(), (seed) => {
          const [separate, symmetric] = pairOf(seed, readout);
          const { weights, feedback } = separate.parameters;
          const tied = weights.map((values, k) => (feedback[k].length === 0 ? feedback[k] : values));
          const aligned = estimated(
            referenceKernels,
            { ...separate, parameters: { ...separate.parameters, feedback: tied } },
            backpropagation('separate'),
          );
          const exact = estimated(referenceKernels, symmetric, backpropagation('symmetric'));
          expect(aligned.slice(0, exact.length)).toEqual(exact);
        }),
        { numRuns: 10 },
      );
    },
  );

  it('with other weights differs below the outputs only, and leaves the feedback weights alone', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const [separate, symmetric] = pairOf(seed, 'squared-error');
        const { kernels } = runEstimator(referenceKernels, separate, backpropagation('separate'));
        const aligned = kernels.readBuffer(0);
        const exact = runEstimator(referenceKernels, symmetric, backpropagation('symmetric')).kernels.readBuffer(0);
        expect(aligned.biases[2]).toEqual(exact.biases[2]);
        expect(aligned.weights[3]).toEqual(exact.weights[3]);
        expect(aligned.biases[1]).not.toEqual(exact.biases[1]);
        for (const values of aligned.feedback) expect(values.every((value) => value === 0)).toBe(true);
      }),
      { numRuns: 10 },
    );
  });
});

describe('forward-forward', () => {
  const THRESHOLD = 0.4;
  const network: SampleNetwork = {
    title: 'goodness',
    model: goodnessNetwork(
      networkStructure({
        input: [6, 1, 1],
        layers: [5, 4, 3],
        skips: [],
        activation: 'tanh',
        outputActivation: 'tanh',
        readout: 'softmax-cross-entropy',
        feedback: 'symmetric',
      }),
      THRESHOLD,
    ),
    spread: 2,
    biases: [-0.3, 0.3],
    labels: [0, 1],
    isKinked: false,
  };
  const CLASSES = 3;
  const SAMPLES = 3;
  const rows = (values: ArrayLike<number>, width: number) =>
    Array.from({ length: SAMPLES }, (_, sample) =>
      Float64Array.from(Array.from(values).slice(sample * width, (sample + 1) * width)),
    );
  const scaled = (s: Float64Array) => {
    const root = Math.sqrt(s.reduce((sum, x) => sum + x * x, 0) / s.length) + 1e-8;
    return s.map((x) => x / root);
  };

  /** Runs it, and says which inputs each of the three sweeps saw. */
  function watched(seed: number) {
    const problem = problemOf(network, seed, SAMPLES);
    const kernels = kernelsFor(referenceKernels, problem, forwardForward());
    const seen: Float64Array[][] = [];
    const watching: NetworkKernels = {
      ...kernels,
      clamp(samples) {
        seen.push(rows(kernels.inputs, 6));
        kernels.clamp(samples);
      },
    };
    const estimate = forwardForward().estimate(watching, drawOf(SAMPLES), (gradient) => {
      expect(gradient.kind).toBe('accumulated');
    });
    return { problem, estimate, seen, gradient: kernels.readBuffer(0) };
  }

  it('shows the right label, then a wrong one, then none, and leaves the other inputs as they are', () => {
    const shownWrong = new Set<number>();
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { problem, estimate, seen } = watched(seed);
        expect(estimate).toMatchObject({ kind: 'estimated', nudgedSlot: FREE });
        expect(seen.length).toBe(3);
        rows(problem.labels, CLASSES).forEach((label, sample) => {
          const [right, wrong, none] = seen.map((sweep) => sweep[sample].slice(0, CLASSES));
          expect(right).toEqual(label);
          expect(wrong).not.toEqual(label);
          expect([...wrong].sort()).toEqual([0, 0, 1]);
          expect(none).toEqual(label.map(() => 1 / CLASSES));
          shownWrong.add((wrong.indexOf(1) - label.indexOf(1) + CLASSES) % CLASSES);
          for (const sweep of seen) {
            expect(sweep[sample].slice(CLASSES)).toEqual(rows(problem.inputs, 6)[sample].slice(CLASSES));
          }
        });
      }),
      { numRuns: 20 },
    );
    expect(shownWrong.size).toBe(CLASSES - 1);
  });

  it("follows the slope of every layer's own loss and of the read-out's cross-entropy", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { problem, seen, gradient } = watched(seed);
        const { network: description } = network.model;
        const base = problem.parameters;
        /** Layer k's own loss, with what comes from below computed by the unmoved parameters. */
        const lossOf = (layer: number) => (parameters: typeof base) => {
          let sum = 0;
          seen.forEach((sweep, which) => {
            sweep.forEach((x, sample) => {
              const shown = [x];
              for (let k = 1; k < layer; k++)
                shown.push(scaled(upwardDrive(description, base, shown, k).map(Math.tanh)));
              if (layer === 3) {
                if (which < 2) return;
                sum += softmaxCrossEntropy(description, parameters, shown[2], rows(problem.labels, CLASSES)[sample]);
                return;
              }
              if (which === 2) return;
              const s = upwardDrive(description, parameters, shown, layer).map(Math.tanh);
              const goodness = s.reduce((squares, value) => squares + value * value, 0) / s.length;
              sum += Math.log(1 + Math.exp((which === 0 ? -1 : 1) * (goodness - THRESHOLD)));
            });
          });
          return sum;
        };
        const slopes = [1, 2, 3].map((layer) => finiteDifferences(base, lossOf(layer)));
        // Losses of other layers do not move a layer: where one's slopes are not zero, all others' are.
        const expected = slopes[0].map((slope, i) => slope + slopes[1][i] + slopes[2][i]);
        expect(relativeError(flat(gradient), expected)).toBeLessThan(EXACT);
      }),
      { numRuns: 5 },
    );
  });
});
