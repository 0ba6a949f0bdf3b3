/**
 * Training: shuffle, clamp, estimate, update; evaluate and save after every epoch.
 *
 * A synchronous generator: it runs in a thread of its own that does nothing else, and the consumer decides what to do
 * with each event. It has no clock and no I/O. Stopping goes through the arena's control block, which kernels read in
 * every relaxation step; a stopped batch leaves the parameters untouched, so the position before it is exact.
 */
import { clampBatch } from '../datasets/batches.ts';
import type { Dataset } from '../datasets/dataset.ts';
import type { Presentations } from '../datasets/presentation.ts';
import type { KernelSet, NetworkKernels } from '../kernels/kernel-set.ts';
import type { Method } from '../recipes/method.ts';
import type { ArenaMemory } from '../tensor/arena.ts';
import { controlBlock } from '../tensor/control-block.ts';
import { permutation, randomStream } from '../tensor/random.ts';
import type { CarriedStates } from './carried-states.ts';
import { diagnose } from './diagnostics.ts';
import { brokenParameter, divergenceOf } from './divergence.ts';
import { evaluate, outputReader } from './evaluate.ts';
import {
  type BestEpoch,
  type Divergence,
  type EpochMetrics,
  type EpochSums,
  NO_SUMS,
  type TrainingEvent,
  type TrainingOutcome,
  type TrainingPosition,
} from './events.ts';
import { gradientCosine } from './gradient-cosine.ts';
import type { DiagnosticsOptions, EarlyStopping } from './options.ts';

export interface TrainingProblem {
  readonly method: Method;
  readonly kernels: NetworkKernels;
  /** The set that the kernels are of. */
  readonly kernelSet: KernelSet;
  /** A set with every feature, for diagnostics. */
  readonly reference: KernelSet;
  /** The memory whose control block can stop this training. */
  readonly memory: ArenaMemory;
  readonly train: Dataset;
  readonly validation: Dataset | undefined;
  readonly test: Dataset;
  readonly presentations: Presentations;
  readonly carried: CarriedStates;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** A checkpoint after every so many epochs, and always after the last. */
  readonly checkpointEveryEpochs: number;
  readonly earlyStopping: EarlyStopping | undefined;
  readonly diagnostics: DiagnosticsOptions;
  /** The whole training at a position, as a checkpoint file. */
  readonly save: (position: TrainingPosition) => Uint8Array;
}

/** A look at all weights takes as long as a small batch. */
const WEIGHTS_LOOKED_AT_EVERY_BATCHES = 64;

/** Trains from `start`; the kernels already hold the parameters that belong to it. */
export function* train(problem: TrainingProblem, start: TrainingPosition): Generator<TrainingEvent, TrainingOutcome> {
  const { method, kernels, epochs, batchSize, carried, presentations, save } = problem;
  const { estimator, optimizer } = method;
  const control = controlBlock(problem.memory);
  const readOut = outputReader(kernels);
  const shuffle = randomStream(problem.seed, 'shuffle');
  const signs = randomStream(problem.seed, 'sign');
  const draws = randomStream(problem.seed, 'estimator');
  const sampleCount = problem.train.sampleCount;
  const batches = Math.ceil(sampleCount / batchSize);
  let metrics: EpochMetrics | undefined;
  let { best, improved } = start;
  let lastResidual: number | undefined;
  let lookedAt = problem.diagnostics.everyEpochs > 0 ? kernels.readParameters() : undefined;
  // The last checkpoint of a training that ended early must not go on for longer than that training did.
  const isBetweenEpochs = start.batch === 0 && start.epoch < epochs;
  if (isBetweenEpochs && isOutOfPatience(start.epoch, improved, problem.earlyStopping)) {
    return { kind: 'completed', metrics, best, endedEarly: true };
  }

  const stopped = (epoch: number, batch: number, sums: EpochSums): TrainingOutcome => ({
    kind: 'stopped',
    request: control.stopRequest(),
    epoch,
    step: epoch * batches + batch,
    file: save({ epoch, batch, sums, best, improved }),
  });
  const diverged = (divergence: Divergence, epoch: number, batch: number): TrainingOutcome => ({
    kind: 'diverged',
    divergence,
    epoch: epoch + 1,
    batch,
    residual: lastResidual,
  });

  for (let epoch = start.epoch; epoch < epochs; epoch++) {
    const order = permutation(shuffle.split(epoch), sampleCount);
    const shown = presentations.training(epoch);
    const first = epoch === start.epoch ? start.batch : 0;
    let sums = epoch === start.epoch ? start.sums : NO_SUMS;

    for (let batch = first; batch < batches; batch++) {
      const at = batch * batchSize;
      const samples = Math.min(batchSize, sampleCount - at);
      const step = epoch * batches + batch;
      clampBatch(kernels, problem.train, order, at, samples, shown);
      const draw = {
        sign: signs.uniform(step) < 0.5 ? 1 : -1,
        stream: draws.split(step),
        start: carried.place(kernels, order, at, samples),
        samples,
      } as const;
      let updates = step * estimator.updatesPerBatch;
      // Read before the first update: a read-out outside the dynamics would change with its weights.
      let read: { readonly cost: number; readonly correct: number } | undefined;
      const estimate = estimator.estimate(kernels, draw, (gradient) => {
        read ??= readOut(samples);
        optimizer.update(kernels, gradient, { samples, updates: updates++, epochs: epoch + batch / batches });
      });
      if (estimate.kind === 'stopped') return stopped(epoch, batch, sums);
      if (estimate.kind === 'not-finite') return diverged(divergenceOf(estimate), epoch, batch + 1);
      carried.keep(kernels, order, at, samples);
      const { free, nudged } = estimate;
      const { cost, correct } = read ?? readOut(samples);
      lastResidual = free.residual;
      sums = {
        samples: sums.samples + samples,
        cost: sums.cost + cost,
        correct: sums.correct + correct,
        freeResidual: sums.freeResidual + free.residual,
        nudgedResidual: sums.nudgedResidual + nudged.residual,
        freeSteps: sums.freeSteps + free.steps,
        nudgedSteps: sums.nudgedSteps + nudged.steps,
      };
      if ((batch + 1) % WEIGHTS_LOOKED_AT_EVERY_BATCHES === 0 || batch + 1 === batches) {
        const broken = brokenParameter(kernels);
        if (broken !== undefined) return diverged(broken, epoch, batch + 1);
      }
      control.beat();
      yield {
        kind: 'batch',
        step: step + 1,
        epoch: epoch + 1,
        samples,
        cost: cost / samples,
        freeResidual: free.residual,
        nudgedResidual: nudged.residual,
      };
    }

    const test = evaluate(kernels, estimator, problem.test, presentations.test);
    if (test.kind === 'stopped') return stopped(epoch, batches, sums);
    const validation =
      problem.validation === undefined
        ? undefined
        : evaluate(kernels, estimator, problem.validation, presentations.test);
    if (validation?.kind === 'stopped') return stopped(epoch, batches, sums);
    for (const evaluation of [test, validation]) {
      if (evaluation?.kind !== 'not-finite') continue;
      return diverged(divergenceOf({ ...evaluation, phase: 'evaluation' }), epoch, batches);
    }
    if (test.kind !== 'evaluated' || validation?.kind === 'not-finite') throw new Error('evaluations ended above');

    const isLookedAt = problem.diagnostics.everyEpochs > 0 && (epoch + 1) % problem.diagnostics.everyEpochs === 0;
    const diagnostics = isLookedAt && lookedAt !== undefined ? look(problem, lookedAt) : {};
    if (isLookedAt) lookedAt = kernels.readParameters();
    // A look that was cut short is taken again when training goes on.
    if (isLookedAt && control.stopRequest() !== 'none') return stopped(epoch, batches, sums);
    metrics = {
      trainCost: sums.cost / sums.samples,
      trainAccuracy: sums.correct / sums.samples,
      testCost: test.cost,
      testAccuracy: test.accuracy,
      testRecall: test.recall,
      validation: validation && { cost: validation.cost, accuracy: validation.accuracy },
      freeResidual: sums.freeResidual / batches,
      nudgedResidual: sums.nudgedResidual / batches,
      freeSteps: sums.freeSteps / batches,
      nudgedSteps: sums.nudgedSteps / batches,
      diagnostics,
    };
    const isBest = improves(metrics, best, 0);
    if (isBest) best = bestOf(epoch + 1, metrics);
    if (improves(metrics, improved, problem.earlyStopping?.leastImprovement ?? 0)) {
      improved = bestOf(epoch + 1, metrics);
    }
    const done = { epoch: epoch + 1, step: (epoch + 1) * batches, metrics };
    yield { kind: 'epoch', ...done };
    const endsEarly = isOutOfPatience(epoch + 1, improved, problem.earlyStopping) && epoch + 1 < epochs;
    const isLast = endsEarly || done.epoch === epochs;
    if (isLast || isBest || done.epoch % problem.checkpointEveryEpochs === 0) {
      const file = save({ epoch: done.epoch, batch: 0, sums: NO_SUMS, best, improved });
      yield { kind: 'checkpoint', ...done, file, isBest };
    }
    if (endsEarly) return { kind: 'completed', metrics, best, endedEarly: true };
  }
  return { kind: 'completed', metrics, best, endedEarly: false };
}

function look(problem: TrainingProblem, before: ReturnType<NetworkKernels['readParameters']>) {
  const { method, kernels, presentations, reference } = problem;
  const found = diagnose(method, kernels, problem.train, presentations.test, before);
  if (!problem.diagnostics.gradientCosine) return found;
  const cosine = gradientCosine(
    method,
    { own: problem.kernelSet, reference },
    problem.memory,
    kernels.readParameters(),
    problem.train,
    presentations.test,
  );
  return cosine === undefined ? found : { ...found, 'gradient-cosine': cosine };
}

/** By validation accuracy, and among equals by validation cost; never by the test data. `least`: what the gain must exceed. */
function improves({ validation }: EpochMetrics, best: BestEpoch | undefined, least: number): boolean {
  if (validation === undefined) return false;
  if (best === undefined) return true;
  const gain = validation.accuracy - best.validationAccuracy;
  return gain > least || (least === 0 && gain === 0 && validation.cost < best.validationCost);
}

function bestOf(epoch: number, { validation, testAccuracy }: EpochMetrics): BestEpoch | undefined {
  return (
    validation && {
      epoch,
      validationAccuracy: validation.accuracy,
      validationCost: validation.cost,
      testAccuracy,
    }
  );
}

function isOutOfPatience(
  epoch: number,
  improved: BestEpoch | undefined,
  earlyStopping: EarlyStopping | undefined,
): boolean {
  return (
    earlyStopping !== undefined && improved !== undefined && epoch - improved.epoch >= earlyStopping.patienceEpochs
  );
}
