/**
 * Training: shuffle, clamp, estimate, update; evaluate and save after every epoch.
 *
 * A synchronous generator: it runs in a thread of its own that does nothing else, and the consumer decides what to do
 * with each event. It has no clock and no I/O. Stopping goes through the arena's control block, which kernels read in
 * every relaxation step; a stopped batch leaves the parameters untouched, so the position before it is exact.
 */

import { clampBatch } from '../datasets/batches.ts';
import type { Dataset } from '../datasets/dataset.ts';
import type { NetworkKernels, ParameterValues } from '../kernels/kernel-set.ts';
import type { Method } from '../recipes/method.ts';
import type { ArenaMemory } from '../tensor/arena.ts';
import { controlBlock } from '../tensor/control-block.ts';
import { permutation, randomStream } from '../tensor/random.ts';
import { encodeCheckpoint } from './checkpoint.ts';
import { evaluate, readOut } from './evaluate.ts';
import {
  type EpochMetrics,
  NO_SUMS,
  type TrainingEvent,
  type TrainingOutcome,
  type TrainingPosition,
} from './events.ts';

export interface TrainingProblem {
  readonly method: Method;
  readonly kernels: NetworkKernels;
  /** Name of the kernel set, for the record. */
  readonly kernelSet: string;
  /** The memory whose control block can stop this training. */
  readonly memory: ArenaMemory;
  readonly train: Dataset;
  readonly test: Dataset;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** A checkpoint after every so many epochs, and always after the last. */
  readonly checkpointEveryEpochs: number;
}

/** A bounded network with weights beyond this is saturated in every unit and will not come back. */
const LARGEST_WEIGHT = 1e6;

/** Trains from `start`; the kernels already hold the parameters that belong to it. */
export function* train(problem: TrainingProblem, start: TrainingPosition): Generator<TrainingEvent, TrainingOutcome> {
  const { method, kernels, epochs, batchSize } = problem;
  const { estimator, optimizer } = method;
  const control = controlBlock(problem.memory);
  const shuffle = randomStream(problem.seed, 'shuffle');
  const signs = randomStream(problem.seed, 'sign');
  const sampleCount = problem.train.sampleCount;
  const batches = Math.ceil(sampleCount / batchSize);
  let metrics: EpochMetrics | undefined;
  let lastResidual: number | undefined;

  const save = (position: TrainingPosition) =>
    encodeCheckpoint({
      method: method.description,
      kernelSet: problem.kernelSet,
      seed: problem.seed,
      dataset: problem.train.name,
      batchSize,
      position,
      parameters: kernels.readParameters(),
    });
  const stopped = (position: TrainingPosition): TrainingOutcome => ({
    kind: 'stopped',
    request: control.stopRequest(),
    epoch: position.epoch,
    step: position.epoch * batches + position.batch,
    file: save(position),
  });

  for (let epoch = start.epoch; epoch < epochs; epoch++) {
    const order = permutation(shuffle.split(epoch), sampleCount);
    const first = epoch === start.epoch ? start.batch : 0;
    let sums = epoch === start.epoch ? start.sums : NO_SUMS;

    for (let batch = first; batch < batches; batch++) {
      const samples = Math.min(batchSize, sampleCount - batch * batchSize);
      const step = epoch * batches + batch;
      clampBatch(kernels, problem.train, order, batch * batchSize, samples);
      const estimate = estimator.estimate(kernels, signs.uniform(step) < 0.5 ? 1 : -1);
      if (estimate.kind === 'stopped') return stopped({ epoch, batch, sums });
      if (estimate.kind === 'not-finite') {
        return {
          kind: 'diverged',
          reason: 'state-not-finite',
          phase: estimate.phase,
          epoch: epoch + 1,
          batch: batch + 1,
          residual: lastResidual,
        };
      }
      lastResidual = estimate.free.residual;
      const { cost, correct } = readOut(kernels, samples);
      optimizer.update(kernels, estimate.contrast, samples);
      sums = {
        samples: sums.samples + samples,
        cost: sums.cost + cost,
        correct: sums.correct + correct,
        residual: sums.residual + estimate.free.residual,
      };
      control.beat();
      yield {
        kind: 'batch',
        step: step + 1,
        epoch: epoch + 1,
        samples,
        cost: cost / samples,
        freeResidual: estimate.free.residual,
        nudgedResidual: estimate.nudged.residual,
      };
    }

    const broken = brokenWeights(kernels.readParameters());
    if (broken !== undefined) {
      return {
        kind: 'diverged',
        reason: broken,
        phase: undefined,
        epoch: epoch + 1,
        batch: batches,
        residual: lastResidual,
      };
    }
    const test = evaluate(kernels, problem.test, estimator.freeSteps);
    if (test.kind === 'stopped') return stopped({ epoch, batch: batches, sums });
    metrics = {
      trainCost: sums.cost / sums.samples,
      trainAccuracy: sums.correct / sums.samples,
      testCost: test.cost,
      testAccuracy: test.accuracy,
      freeResidual: sums.residual / batches,
    };
    const done = { epoch: epoch + 1, step: (epoch + 1) * batches, metrics };
    yield { kind: 'epoch', ...done };
    if (done.epoch % problem.checkpointEveryEpochs === 0 || done.epoch === epochs) {
      yield { kind: 'checkpoint', ...done, file: save({ epoch: done.epoch, batch: 0, sums: NO_SUMS }) };
    }
  }
  return { kind: 'completed', metrics };
}

function brokenWeights({ weights, biases }: ParameterValues): 'weights-not-finite' | 'weights-too-large' | undefined {
  for (const values of [...weights, ...biases]) {
    for (const value of values) {
      if (!Number.isFinite(value)) return 'weights-not-finite';
      if (Math.abs(value) > LARGEST_WEIGHT) return 'weights-too-large';
    }
  }
  return undefined;
}
