/**
 * How an estimate ends before its time.
 *
 *   stop request    ends it, with nothing learned; but once parameters have moved within a batch, the batch is finished
 *   not finite      ends it, and says in which phase, which layer and which of the phase's steps
 */
import { describe, expect, it } from 'vitest';
import type { NetworkKernels, Phase, SettleReport } from '../kernels/kernel-set.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { goodnessNetwork } from '../models/goodness-network.ts';
import { type NetworkSettings, networkStructure } from '../models/network-structure.ts';
import { predictiveCoding } from '../models/predictive-coding.ts';
import { prototypical } from '../models/prototypical.ts';
import { createArenaMemory, openArena } from '../tensor/arena.ts';
import { type ControlBlock, controlBlock } from '../tensor/control-block.ts';
import { type EstimatorDescription, estimatorFrom } from './catalogue.ts';
import { missingProperties } from './compatibility.ts';
import type { Estimate, GradientEstimator } from './gradient-estimator.ts';
import type { Settling } from './settling.ts';
import { drawOf, flat, type Problem } from './testing/gradient-check.ts';
import { problemOf, type SampleNetwork } from './testing/sample-problems.ts';

const SETTINGS: NetworkSettings = {
  input: [4, 1, 1],
  layers: [3, 3, 2],
  skips: [],
  activation: 'tanh',
  outputActivation: 'tanh',
  readout: 'squared-error',
  feedback: 'symmetric',
};
const DEFAULTS = { title: '', spread: 0.6, biases: [-0.3, 0.3], labels: [0.6, 0.9], isKinked: false } as const;
const structure = (settings: Partial<NetworkSettings> = {}) => networkStructure({ ...SETTINGS, ...settings });
const outside = { nudge: 'outside', stepSize: 1 } as const;
const SYMMETRIC: SampleNetwork = { ...DEFAULTS, model: prototypical(structure(), outside) };
const SEPARATE: SampleNetwork = { ...DEFAULTS, model: prototypical(structure({ feedback: 'separate' }), outside) };
const GOODNESS: SampleNetwork = {
  ...DEFAULTS,
  model: goodnessNetwork(structure({ readout: 'softmax-cross-entropy' }), 0.5),
};
const PREDICTIVE: SampleNetwork = { ...DEFAULTS, model: predictiveCoding(structure(), 0.3) };

const SETTLING: Settling = {
  freeSchedule: 'synchronous',
  schedule: 'synchronous',
  freeSteps: 9,
  nudgedSteps: 4,
  tolerance: 0,
  depth: 3,
};
const LAST_LAYER = 3;

interface Case {
  readonly description: EstimatorDescription;
  readonly network: SampleNetwork;
  /** Settle calls of a batch, and after how many of them parameters first move. */
  readonly calls: number;
  readonly callsBeforeMoving: number;
}

const once = (description: EstimatorDescription, network: SampleNetwork, calls: number): Case => {
  return { description, network, calls, callsBeforeMoving: calls };
};
const CASES: readonly Case[] = [
  once({ kind: 'equilibrium-propagation', nudging: 'one-sided', beta: 0.1 }, SYMMETRIC, 2),
  once({ kind: 'equilibrium-propagation', nudging: 'random-sign', beta: 0.1 }, SYMMETRIC, 2),
  once({ kind: 'equilibrium-propagation', nudging: 'centred', beta: 0.1 }, SYMMETRIC, 3),
  once({ kind: 'holomorphic-equilibrium-propagation', beta: 0.1, points: 6 }, SYMMETRIC, 5),
  once({ kind: 'holomorphic-equilibrium-propagation', beta: 0.1, points: 3 }, SYMMETRIC, 3),
  once({ kind: 'held-outputs', nudging: 'one-sided', fraction: 0.5 }, SYMMETRIC, 2),
  once({ kind: 'held-outputs', nudging: 'centred', fraction: 0.5 }, PREDICTIVE, 3),
  once({ kind: 'non-reciprocal-equilibrium-propagation', beta: 0.1 }, SEPARATE, 3),
  once({ kind: 'backpropagation' }, SYMMETRIC, 1),
  once({ kind: 'feedback-alignment' }, SEPARATE, 1),
  once({ kind: 'backpropagation-through-time' }, SYMMETRIC, 5),
  once({ kind: 'forward-forward' }, GOODNESS, 3),
  {
    description: { kind: 'continual-equilibrium-propagation', nudging: 'random-sign', beta: 0.1 },
    network: SYMMETRIC,
    calls: 5,
    callsBeforeMoving: 2,
  },
  ...(['optimistic', 'pessimistic', 'centred'] as const).map((nudging): Case => {
    const first = nudging === 'optimistic' ? 2 : 3;
    return {
      description: { kind: 'agnostic-equilibrium-propagation', nudging, beta: 0.1, parameterIterations: 3 },
      network: SYMMETRIC,
      calls: first + 2,
      callsBeforeMoving: first,
    };
  }),
];

interface Watched {
  readonly estimate: Estimate;
  readonly calls: number;
  readonly learned: number;
  readonly reports: readonly SettleReport[];
  readonly kernels: NetworkKernels;
}

/** Runs an estimate on real kernels; `before` is called ahead of every settle call, with how many there were. */
function watch(
  problem: Problem,
  estimator: GradientEstimator,
  before: (calls: number, control: ControlBlock, phase: Phase) => void,
  learn: (kernels: NetworkKernels) => void = () => undefined,
): Watched {
  const { model, samples } = problem;
  const { slots, complexStates, anderson } = estimator;
  const workspace = { batchCapacity: samples, slots, parameterBuffers: 1, complexStates, anderson };
  const memory = createArenaMemory(referenceKernels.predictBytes(model.network, workspace));
  const kernels = referenceKernels.build(model.network, workspace, openArena(memory));
  kernels.inputs.set(problem.inputs);
  kernels.labels.set(problem.labels);
  kernels.writeParameters(problem.parameters);
  kernels.clamp(samples);
  const reports: SettleReport[] = [];
  const watched: NetworkKernels = {
    ...kernels,
    settle(phase) {
      before(reports.length, controlBlock(memory), phase);
      const report = kernels.settle(phase);
      reports.push(report);
      return report;
    },
  };
  let learned = 0;
  const estimate = estimator.estimate(watched, drawOf(samples, -1), () => {
    learned++;
    learn(kernels);
  });
  return { estimate, calls: reports.length, learned, reports, kernels };
}

const named = CASES.map((each) => ({ name: estimatorFrom(each.description, SETTLING).name, ...each }));

/** Estimators without a nudged phase. */
const UNNUDGED = ['backpropagation', 'feedback-alignment', 'forward-forward', 'backpropagation-through-time'];

describe.each(named)('$name', ({ description, network, calls, callsBeforeMoving }) => {
  const estimator = estimatorFrom(description, SETTLING);
  const problem = problemOf(network, 1, 2);

  it('is tried on a network that it fits, in its own slots', () => {
    expect(missingProperties(network.model, estimator)).toEqual([]);
    const { estimate, calls: made, learned, kernels } = watch(problem, estimator, () => undefined);
    expect(estimate.kind).toBe('estimated');
    expect(made).toBe(calls);
    expect(learned).toBe(estimator.updatesPerBatch);
    // A `learn` that does nothing leaves the parameters as they were.
    expect(flat(kernels.readParameters())).toEqual(flat(problem.parameters));
  });

  it('ends at a stop request in any phase, with nothing learned, unless parameters have moved', () => {
    for (let at = 0; at < calls; at++) {
      const {
        estimate,
        learned,
        kernels,
        calls: made,
      } = watch(problem, estimator, (before, control) => {
        if (before === at) control.requestStop('hand-back');
      });
      if (at < callsBeforeMoving) {
        expect(estimate).toEqual({ kind: 'stopped' });
        expect(learned).toBe(0);
        expect(made).toBe(at + 1);
        expect(flat(kernels.readBuffer(0)).every((value) => value === 0)).toBe(true);
      } else {
        expect(estimate.kind).toBe('estimated');
        expect(learned).toBe(estimator.updatesPerBatch);
        expect(made).toBe(calls);
      }
    }
  });

  it('says that the free states stopped being finite, and where', () => {
    const inputs = problem.inputs.slice().fill(Number.NaN);
    const { estimate, learned } = watch({ ...problem, inputs }, estimator, () => undefined);
    expect(estimate).toEqual({ kind: 'not-finite', phase: 'free', layer: 1, step: 1 });
    expect(learned).toBe(0);
  });
});

const nudgedOnes = named.filter(({ description }) => !UNNUDGED.includes(description.kind));

describe.each(nudgedOnes)('$name', ({ description, network }) => {
  const estimator = estimatorFrom(description, SETTLING);
  const problem = problemOf(network, 1, 2);

  it('says that the nudged states did', () => {
    const labels = problem.labels.slice().fill(Number.NaN);
    const { estimate, learned } = watch({ ...problem, labels }, estimator, () => undefined);
    // Held outputs do not move: the first to break is the layer that sees them.
    const layer = description.kind === 'held-outputs' ? LAST_LAYER - 1 : LAST_LAYER;
    expect(estimate).toEqual({ kind: 'not-finite', phase: 'nudged', layer, step: 1 });
    expect(learned).toBe(0);
  });
});

describe('the step at which states stop being finite', () => {
  it('is counted from the start of the nudged phase, where parameters move in it', () => {
    const description = { kind: 'continual-equilibrium-propagation', nudging: 'one-sided', beta: 0.1 } as const;
    let moves = 0;
    const { estimate } = watch(
      problemOf(SYMMETRIC, 1),
      estimatorFrom(description, SETTLING),
      () => undefined,
      (kernels) => {
        moves++;
        if (moves === 2) kernels.parameters[1].values[0] = Number.NaN;
      },
    );
    expect(estimate).toMatchObject({ kind: 'not-finite', phase: 'nudged', step: 3 });
  });

  it('is counted from the start of the free phase, where its last steps are differentiated one by one', () => {
    // Linear units that drive each other up by a factor of 1e20 a step, beyond 1e308 in the middle of the phase.
    const linear = { activation: 'identity', outputActivation: 'identity' } as const;
    const network = { ...DEFAULTS, model: prototypical(structure(linear), { nudge: 'inside', stepSize: 1 }) };
    const problem = problemOf(network, 1);
    const weights = problem.parameters.weights.map((values) => values.map((value) => value * 1e40));
    const exploding = { ...problem, parameters: { ...problem.parameters, weights } };
    const whereOf = (nudgedSteps: number) => {
      const estimator = estimatorFrom(
        { kind: 'backpropagation-through-time' },
        { ...SETTLING, freeSteps: 20, nudgedSteps },
      );
      return watch(exploding, estimator, () => undefined).estimate;
    };
    const together = whereOf(1);
    expect(together).toMatchObject({ kind: 'not-finite', phase: 'free' });
    if (together.kind !== 'not-finite') return;
    expect(together.step).toBeGreaterThan(4);
    expect(together.step).toBeLessThan(19);
    for (const kept of [5, 12, 19]) expect(whereOf(kept)).toEqual(together);
  });
});

describe('what comes out of an estimate', () => {
  it('reports the phases as kernels did', () => {
    const description = { kind: 'equilibrium-propagation', nudging: 'centred', beta: 0.1 } as const;
    const { estimate, reports } = watch(problemOf(SYMMETRIC, 1), estimatorFrom(description, SETTLING), () => undefined);
    expect(estimate).toMatchObject({ kind: 'estimated', free: reports[0], nudgedSlot: 1 });
    expect(reports.slice(1)).toContainEqual(estimate.kind === 'estimated' ? estimate.nudged : undefined);
  });
});
