/**
 * How phases are run: settings that are refused, lengths of phases, and that an estimate does not depend on the schedule by
 * which its states come to rest.
 */
import { describe, expect, it } from 'vitest';
import type { NetworkKernels, Phase, Schedule, SettleReport } from '../kernels/kernel-set.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import type { NetworkStructure } from '../models/network-structure.ts';
import { networkStructure } from '../models/network-structure.ts';
import { prototypical } from '../models/prototypical.ts';
import { type EstimatorDescription, estimatorFrom } from './catalogue.ts';
import { missingProperties } from './compatibility.ts';
import type { Settling } from './settling.ts';
import { drawOf, estimated, kernelsFor, type Problem, relativeError } from './testing/gradient-check.ts';
import { problemOf, SAMPLE_NETWORKS } from './testing/sample-problems.ts';

const SETTLING: Settling = {
  freeSchedule: 'synchronous',
  schedule: 'synchronous',
  freeSteps: 20,
  nudgedSteps: 5,
  tolerance: 0,
  depth: 2,
};

/** All that settle, with β or the fraction to be filled in. */
const NUDGED: readonly ((beta: number) => EstimatorDescription)[] = [
  ...(['one-sided', 'random-sign', 'centred'] as const).map((nudging) => (beta: number) => {
    return { kind: 'equilibrium-propagation', nudging, beta } as const;
  }),
  (beta) => ({ kind: 'holomorphic-equilibrium-propagation', beta, points: 4 }),
  (beta) => ({ kind: 'continual-equilibrium-propagation', nudging: 'one-sided', beta }),
  (beta) => ({ kind: 'agnostic-equilibrium-propagation', nudging: 'centred', beta, parameterIterations: 2 }),
  (beta) => ({ kind: 'held-outputs', nudging: 'centred', fraction: beta }),
  (beta) => ({ kind: 'non-reciprocal-equilibrium-propagation', beta }),
];

const nameOf = (make: (beta: number) => EstimatorDescription) => estimatorFrom(make(0.1), SETTLING).name;

describe.each(NUDGED.map((make) => ({ name: nameOf(make), make })))('$name refuses', ({ make }) => {
  const build = (beta: number, settling: Partial<Settling> = {}) =>
    estimatorFrom(make(beta), { ...SETTLING, ...settling });
  const isHeld = make(0.1).kind === 'held-outputs';

  it.each([0, -0.1, Number.NaN, Number.POSITIVE_INFINITY])('a strength of %d', (beta) => {
    expect(() => build(beta)).toThrow(RangeError);
    expect(() => build(beta)).toThrow(isHeld ? 'the fraction lies in (0, 1]' : 'beta must be a finite number > 0');
  });

  it.each([0, -1, 2.5, Number.NaN, Number.POSITIVE_INFINITY])('phases of %d steps', (steps) => {
    expect(() => build(0.1, { freeSteps: steps })).toThrow(`a phase has >= 1 steps, got ${steps}`);
    expect(() => build(0.1, { nudgedSteps: steps })).toThrow(`a phase has >= 1 steps, got ${steps}`);
  });

  it.each([-1e-9, 0.0011, Number.NaN, Number.POSITIVE_INFINITY])(
    'a tolerance of %d at a strength of 0.1',
    (tolerance) => {
      expect(() => build(0.1, { tolerance })).toThrow(RangeError);
      expect(() => build(0.1, { tolerance })).toThrow('the tolerance must be 0 or at most 0.01 times beta');
      expect(() => build(0.1, { tolerance: 0.000999 })).not.toThrow();
    },
  );

  it('a nudged phase that does not settle', () => {
    expect(() => build(0.1, { schedule: 'feed-forward' })).toThrow('a nudged phase settles');
  });
});

describe('of their own,', () => {
  const refuse = (description: EstimatorDescription, settling: Partial<Settling>, fault: string) => {
    const build = () => estimatorFrom(description, { ...SETTLING, ...settling });
    expect(build).toThrow(RangeError);
    expect(build).toThrow(fault);
  };

  it('a held fraction beyond 1', () => {
    refuse({ kind: 'held-outputs', nudging: 'one-sided', fraction: 1.5 }, {}, 'the fraction lies in (0, 1], got 1.5');
  });

  it.each([0, 1, 2.5, 65, Number.NaN])('a circle of %d points', (points) => {
    refuse(
      { kind: 'holomorphic-equilibrium-propagation', beta: 0.1, points },
      {},
      'points must be a whole number from 2',
    );
  });

  it.each([0, 1.5, Number.NaN])('%d parameter iterations', (parameterIterations) => {
    const nudging = 'optimistic';
    refuse(
      { kind: 'agnostic-equilibrium-propagation', nudging, beta: 0.1, parameterIterations },
      {},
      'whole number >= 1',
    );
  });

  it('acceleration while weights move', () => {
    const description = { kind: 'continual-equilibrium-propagation', nudging: 'one-sided', beta: 0.1 } as const;
    refuse(description, { schedule: 'anderson' }, 'no fixed point');
  });

  it('backpropagation through all steps of a phase or more, or through other than so many synchronous steps', () => {
    const description = { kind: 'backpropagation-through-time' } as const;
    for (const nudgedSteps of [20, 21]) refuse(description, { nudgedSteps }, `not ${nudgedSteps}`);
    refuse(description, { nudgedSteps: 0 }, 'a phase has >= 1 steps');
    refuse(description, { tolerance: 1e-4 }, 'a fixed number of synchronous steps');
    for (const schedule of ['even-odd', 'anderson'] as const) {
      refuse(description, { schedule }, 'a fixed number of synchronous steps');
      refuse(description, { freeSchedule: schedule }, 'a fixed number of synchronous steps');
    }
  });
});

/** Runs an estimator and says which phases it ran, with their reports. */
function phasesOf(problem: Problem, description: EstimatorDescription, settling: Settling) {
  const estimator = estimatorFrom(description, settling);
  const kernels = kernelsFor(referenceKernels, problem, estimator);
  const phases: { readonly phase: Phase; readonly report: SettleReport }[] = [];
  const watched: NetworkKernels = {
    ...kernels,
    settle(phase) {
      const report = kernels.settle(phase);
      phases.push({ phase, report });
      return report;
    },
  };
  const estimate = estimator.estimate(watched, drawOf(problem.samples), () => undefined);
  if (estimate.kind !== 'estimated') throw new Error(estimate.kind);
  return { estimate, phases };
}

const isTaught = ({ phase }: { readonly phase: Phase }) => phase.teaching.kind !== 'none';
const stepsOf = ({ report }: { readonly report: SettleReport }) => (report.kind === 'settled' ? report.steps : 0);
const sampleNamed = (title: string) => {
  const found = SAMPLE_NETWORKS.find((network) => network.title === title);
  if (found === undefined) throw new Error(`no network ${title}`);
  return found;
};
const separateFeedback: NetworkStructure = networkStructure({
  input: [3, 1, 1],
  layers: [4, 3, 2],
  skips: [],
  activation: 'tanh',
  outputActivation: 'tanh',
  readout: 'squared-error',
  feedback: 'separate',
});
const sample = sampleNamed('prototypical, dense, nudge inside');
const separate = { ...sample, model: prototypical(separateFeedback, { nudge: 'inside', stepSize: 0.8 }) };
const problemFor = (description: EstimatorDescription, seed = 1) =>
  problemOf(description.kind === 'non-reciprocal-equilibrium-propagation' ? separate : sample, seed);

/** Those that settle more than one nudged phase and contrast them with each other. */
const MATCHED = NUDGED.map((make) => make(0.1)).filter(
  ({ kind }) => kind !== 'continual-equilibrium-propagation' && kind !== 'agnostic-equilibrium-propagation',
);

describe.each(MATCHED.map((description) => ({ name: estimatorFrom(description, SETTLING).name, description })))(
  'the phases of $name',
  ({ description }) => {
    const settling = { ...SETTLING, freeSteps: 500, nudgedSteps: 500, tolerance: 1e-6, depth: 3 };

    it('are equally long where a tolerance ends the first nudged one', () => {
      const { estimate, phases } = phasesOf(problemFor(description), description, settling);
      const [first, ...others] = phases.filter(isTaught);
      expect(first.report).toMatchObject({ reason: 'tolerance' });
      expect(stepsOf(first)).toBeLessThan(500);
      for (const other of others) {
        expect(stepsOf(other)).toBe(stepsOf(first));
        expect(other.report).toMatchObject({ reason: 'steps' });
      }
      // The worse of them is reported.
      const residuals = [first, ...others].map(({ report }) =>
        report.kind === 'settled' ? report.residual : Number.NaN,
      );
      expect(estimate.nudged.residual).toBe(Math.max(...residuals));
      expect(estimate.nudged.steps).toBe(stepsOf(first));
    });

    it('start from the free states and leave them in their slot', () => {
      const { phases } = phasesOf(problemFor(description), description, settling);
      expect(phases[0].phase).toMatchObject({ into: 0, teaching: { kind: 'none' } });
      for (const { phase } of phases.slice(1)) {
        expect(phase.from).toBe(0);
        expect(phase.into).toBeGreaterThan(0);
      }
    });
  },
);

describe('a phase that a tolerance could end', () => {
  it.each(NUDGED.map((make) => ({ name: nameOf(make), make })))(
    'is no shorter than the network is deep: $name',
    ({ make }) => {
      // A network so quiet that every first step is below the tolerance.
      const description = make(1);
      const problem = problemFor(description);
      const quiet = { ...problem, labels: problem.labels.map(() => 0), inputs: problem.inputs.map((x) => x * 1e-4) };
      const silent = {
        weights: problem.parameters.weights.map((values) => values.map((value) => value * 1e-3)),
        biases: problem.parameters.biases.map((values) => values.map(() => 0)),
        feedback: problem.parameters.feedback.map((values) => values.map((value) => value * 1e-3)),
      };
      const settling = { ...SETTLING, freeSteps: 50, nudgedSteps: 50, tolerance: 0.01, depth: 3 };
      const { phases } = phasesOf({ ...quiet, parameters: silent }, description, settling);
      if (description.kind === 'continual-equilibrium-propagation') {
        // Its nudged phase is cut into steps, and always has all of them.
        expect(phases.length).toBe(1 + 50);
        return;
      }
      for (const each of phases) expect(stepsOf(each)).toBe(3);
    },
  );
});

describe('an estimate of settled states', () => {
  const SETTLED = { ...SETTLING, freeSteps: 400, nudgedSteps: 400, tolerance: 0, depth: 3 };
  const titles = [
    'deep-hopfield, dense',
    'prototypical, dense, nudge inside',
    'prototypical, softmax read-out',
    'prototypical, skips and linear outputs',
    'predictive-coding, dense',
  ];

  it.each(NUDGED.map((make) => ({ name: nameOf(make), make })))(
    'does not depend on the schedule: $name',
    ({ make }) => {
      const description = make(0.1);
      const networks = [...titles.map(sampleNamed), separate].filter(
        ({ model }) => missingProperties(model, estimatorFrom(description, SETTLED)).length === 0,
      );
      expect(networks.length).toBeGreaterThan(0);
      for (const network of networks) {
        const problem = problemOf(network, 7, 2);
        const by = (schedule: Schedule) => {
          // Where weights could move at every step, only the free phase is accelerated.
          const isContinual = description.kind === 'continual-equilibrium-propagation' && schedule === 'anderson';
          const settling = {
            ...SETTLED,
            freeSchedule: schedule,
            schedule: isContinual ? ('even-odd' as const) : schedule,
          };
          return estimated(referenceKernels, problem, estimatorFrom(description, settling));
        };
        const synchronous = by('synchronous');
        expect(relativeError(by('even-odd'), synchronous)).toBeLessThan(1e-8);
        expect(relativeError(by('anderson'), synchronous)).toBeLessThan(1e-8);
      }
    },
  );

  it('settles in fewer steps even-odd than synchronously, and accelerated in no more', () => {
    const settling = { ...SETTLED, tolerance: 1e-8 };
    const free = (schedule: Schedule) => {
      const description = { kind: 'equilibrium-propagation', nudging: 'one-sided', beta: 0.1 } as const;
      return phasesOf(problemOf(sample, 3), description, { ...settling, freeSchedule: schedule }).estimate.free.steps;
    };
    expect(free('even-odd')).toBeLessThan(free('synchronous'));
    expect(free('anderson')).toBeLessThanOrEqual(free('even-odd'));
  });
});
