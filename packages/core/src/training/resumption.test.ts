/** The law of resumption: a training interrupted anywhere, any number of times, ends with the bytes of one that was not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KernelSet } from '../kernels/kernel-set.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { epRecipe } from '../recipes/ep.ts';
import { hopfieldResnetEpRecipe } from '../recipes/hopfield-resnet-ep.ts';
import { methodFrom } from '../recipes/method.ts';
import type { MethodSettings } from '../recipes/method-description.ts';
import { chain, descent, EVERY_RECIPE, glorot, POINTS, settling } from '../recipes/testing/every-recipe.ts';
import { createArenaMemory } from '../tensor/arena.ts';
import { decodeCheckpoint } from './checkpoint.ts';
import type { TrainingEvent } from './events.ts';
import { sessionBytes } from './session.ts';
import {
  BATCHES,
  data,
  isSameFile,
  type RunOptions,
  run,
  setsFor,
  stoppedFile,
  stoppingBeforePhase,
} from './testing/sessions.ts';

const GUARD = 1_000;

/** What the undisturbed training of `options` reports, beginning to end. */
const whole = (options: RunOptions): readonly TrainingEvent[] => run(options).events;

/** The same in parts: stopped once so many events were seen, and resumed from the file of the stop. */
function inParts(options: RunOptions, stops: readonly number[]): readonly TrainingEvent[] {
  const seen: TrainingEvent[] = [];
  let resumeFrom: Uint8Array | undefined;
  for (const stopAfter of [...stops, undefined]) {
    const part = run({ ...options, resumeFrom, stopAfter });
    seen.push(...part.events);
    if (part.outcome.kind !== 'stopped') break;
    resumeFrom = part.outcome.file;
  }
  return seen;
}

/** The same with a stop before every `every`-th phase, wherever in a batch or an evaluation that falls. */
function inPhases(options: RunOptions, kernelSet: KernelSet, every: number): readonly TrainingEvent[] {
  const seen: TrainingEvent[] = [];
  let resumeFrom: Uint8Array | undefined;
  for (let part = 0; part < GUARD; part++) {
    const memory = createArenaMemory(sessionBytes(options.method, kernelSet, 16));
    const { events, outcome } = run({
      ...options,
      memory,
      resumeFrom,
      kernelSet: stoppingBeforePhase(kernelSet, memory, every),
    });
    seen.push(...events);
    if (outcome.kind !== 'stopped') return seen;
    resumeFrom = stoppedFile(outcome);
  }
  throw new Error('this training makes no progress');
}

const stopsIn = (events: number) => fc.array(fc.nat({ max: events }), { minLength: 1, maxLength: 5 });

describe.each(
  EVERY_RECIPE.flatMap(({ recipe, method, on, preparation }) =>
    setsFor(method).map((kernelSet) => ({
      recipe,
      title: `${recipe} on ${kernelSet.name} kernels`,
      method,
      kernelSet,
      on,
      preparation,
    })),
  ),
)('$title', ({ recipe, method, kernelSet, on, preparation }) => {
  const options = { method, kernelSet, on, preparation };
  const expected = whole(options);

  it('stopped between any batches, ends as an undisturbed training does', () => {
    fc.assert(
      fc.property(stopsIn(BATCHES + 2), (stops) => {
        expect(inParts(options, stops)).toEqual(expected);
      }),
      { numRuns: 4 },
    );
  });

  it('stopped within batches and evaluations, between one phase and the next, does too', () => {
    // More than the phases of one batch, without which nothing would ever be finished.
    const every = recipe === 'backpropagation-through-time' ? 11 : 7;
    expect(inPhases(options, kernelSet, every)).toEqual(expected);
  });

  it('resumed from the checkpoint of its first epoch, does too', () => {
    const early = expected.find((event) => event.kind === 'checkpoint');
    if (early?.kind !== 'checkpoint') throw new Error('there is a checkpoint after every epoch');
    const rest = whole({ ...options, resumeFrom: early.file });
    expect(rest).toEqual(expected.slice(expected.indexOf(early) + 1));
  });
});

const COMMON = {
  network: chain(POINTS, [10], 'hard-sigmoid'),
  settling: settling(12, 5),
  optimizer: descent([0.3, 0.2]),
  initialization: glorot,
} satisfies MethodSettings;

const ep = (others: Partial<MethodSettings>) =>
  methodFrom(epRecipe({ ...COMMON, ...others, stepSize: 0.5, nudging: 'random-sign', beta: 0.5 }));

const rule = (by: MethodSettings['optimizer']['rule']) => ep({ optimizer: { ...COMMON.optimizer, rule: by } });

const persistent = ep({ settling: settling(12, 5, { initialStates: 'persistent' }) });

const SETTINGS: readonly (RunOptions & { readonly title: string })[] = [
  { title: 'momentum', method: rule({ kind: 'momentum', momentum: 0.9 }) },
  { title: 'Nesterov', method: rule({ kind: 'nesterov', momentum: 0.9 }) },
  {
    title: 'Adam',
    method: rule({ kind: 'adam', firstMomentDecay: 0.9, secondMomentDecay: 0.99, epsilon: 1e-8 }),
  },
  { title: 'persistent states', method: persistent },
  {
    title: 'states of the batch before',
    method: ep({ settling: settling(12, 5, { initialStates: 'previous-batch' }) }),
  },
  {
    title: 'clipping, decay, and a step schedule with warm-up',
    method: ep({
      optimizer: {
        ...COMMON.optimizer,
        weightDecay: 1e-3,
        clipping: { kind: 'norm', limit: 0.05 },
        schedule: { kind: 'step', everyEpochs: 1, factor: 0.5, warmUpEpochs: 1.5 },
      },
    }),
  },
  {
    title: 'a cosine with warm-up, under Adam',
    method: ep({
      optimizer: {
        ...COMMON.optimizer,
        rule: { kind: 'adam', firstMomentDecay: 0.9, secondMomentDecay: 0.99, epsilon: 1e-8 },
        schedule: { kind: 'cosine', epochs: 3, lowest: 0.1, warmUpEpochs: 0.5 },
      },
    }),
  },
  {
    title: 'augmented and normalized images',
    method: ep({ network: chain([1, 6, 6], [10], 'hard-sigmoid') }),
    on: 'glyphs',
    preparation: {
      normalization: { kind: 'per-channel', deviationScale: 3 },
      augmentation: { cropPadding: 1, cropFill: 'edge', flip: true },
    },
  },
  {
    title: 'early stopping with persistent states',
    method: persistent,
    validation: data('blobs', 12, 'test'),
    earlyStopping: { patienceEpochs: 2, leastImprovement: 0.2 },
    epochs: 12,
  },
  {
    title: 'skips, and states of the batch before',
    method: methodFrom(
      hopfieldResnetEpRecipe({
        ...COMMON,
        network: {
          ...chain(POINTS, [6, 5], 'clipped-relu', 'identity'),
          skips: [{ from: 1, to: 3, kernelSize: 0, stride: 1, padding: 0 }],
        },
        settling: settling(12, 5, { initialStates: 'previous-batch', schedule: 'even-odd', freeSchedule: 'even-odd' }),
        optimizer: {
          ...descent([0.05, 0.05, 0.05, 0.05], [0.05, 0.05, 0.05]),
          rule: { kind: 'momentum', momentum: 0.5 },
        },
        initialization: { ...glorot, gains: [0.3, 0.3, 0.3, 0.3] },
        beta: 0.2,
      }),
    ),
  },
];

describe.each(
  SETTINGS.flatMap((settings) =>
    setsFor(settings.method).map((kernelSet) => ({
      ...settings,
      kernelSet,
      title: `${settings.title} on ${kernelSet.name} kernels`,
    })),
  ),
)('$title', ({ title: _, ...given }) => {
  const options = { epochs: 4, ...given };
  const expected = whole(options);

  it('stopped anywhere and resumed any number of times, ends as an undisturbed training does', () => {
    fc.assert(
      fc.property(stopsIn(3 * BATCHES), (stops) => {
        expect(inParts(options, stops)).toEqual(expected);
      }),
      { numRuns: 6 },
    );
    expect(inPhases(options, options.kernelSet, 5)).toEqual(expected);
  });

  it('resumed from the checkpoint of any epoch, does too', () => {
    for (const event of expected) {
      if (event.kind !== 'checkpoint') continue;
      const { events, outcome } = run({ ...options, resumeFrom: event.file });
      expect(events).toEqual(expected.slice(expected.indexOf(event) + 1));
      expect(outcome.kind).toBe('completed');
    }
  });
});

describe('a stop within a batch', () => {
  /** The training of a recipe with a stop before its phase `phase`, and its checkpoint then. */
  const stoppedAt = (recipe: string, phase: number) => {
    const found = EVERY_RECIPE.find((one) => one.recipe === recipe);
    if (found === undefined) throw new Error(`no recipe ${recipe}`);
    const { method, on, preparation } = found;
    const memory = createArenaMemory(sessionBytes(method, referenceKernels, 16));
    const kernelSet = stoppingBeforePhase(referenceKernels, memory, phase);
    return run({ method, on, preparation, memory, kernelSet });
  };

  it.each(EVERY_RECIPE)(
    'of $recipe before its first phase leaves the parameters as they were drawn',
    ({ method, on }) => {
      const untouched = stoppedFile(run({ method, on, stopAfter: 0 }).outcome);
      const { events, outcome } = stoppedAt(method.description.recipe, 0);
      expect(events).toEqual([]);
      expect(outcome).toMatchObject({ kind: 'stopped', request: 'hand-back', epoch: 0, step: 0 });
      expect(decodeCheckpoint(stoppedFile(outcome)).parameters).toEqual(decodeCheckpoint(untouched).parameters);
    },
  );

  it.each([
    'ep',
    'prototypical-ep',
    'coupled-learning',
    'holomorphic-ep',
    'forward-forward',
    'backpropagation-through-time',
  ])(
    'of %s before its second phase leaves everything as it was, so that the file is that of a stop before the batch',
    (recipe) => {
      const early = stoppedFile(stoppedAt(recipe, 0).outcome);
      expect(isSameFile(stoppedFile(stoppedAt(recipe, 1).outcome), early)).toBe(true);
    },
  );

  it.each([
    // A free phase, and a first step at which the weights have not moved yet.
    { recipe: 'continual-ep', untouched: [0, 1], finishes: [2, 3, 4] },
    // A free and a homeostatic phase, and a first iteration before which parameters have not moved.
    { recipe: 'agnostic-ep', untouched: [0, 1, 2], finishes: [3] },
  ])('of $recipe lets a batch whose parameters have moved come to its end', ({ recipe, untouched, finishes }) => {
    for (const phase of untouched) {
      const { events, outcome } = stoppedAt(recipe, phase);
      expect(events).toEqual([]);
      expect(outcome).toMatchObject({ kind: 'stopped', step: 0 });
    }
    for (const phase of finishes) {
      const { events, outcome, beats } = stoppedAt(recipe, phase);
      expect(events).toHaveLength(1);
      expect(beats).toBe(1);
      expect(outcome).toMatchObject({ kind: 'stopped', step: 1 });
    }
  });
});

describe('a training that ended early', () => {
  it('resumed from its last checkpoint has nothing left to do', () => {
    const options = {
      method: ep({ optimizer: descent([0, 0]) }),
      validation: data('blobs', 12, 'test'),
      earlyStopping: { patienceEpochs: 2, leastImprovement: 0 },
      epochs: 9,
    };
    const { events, outcome } = run(options);
    expect(outcome).toMatchObject({ kind: 'completed', endedEarly: true, best: { epoch: 1 } });
    const last = events.at(-1);
    if (last?.kind !== 'checkpoint') throw new Error('the last event is a checkpoint');
    expect(last.epoch).toBe(3);
    const resumed = run({ ...options, resumeFrom: last.file });
    expect(resumed.events).toEqual([]);
    expect(resumed.outcome).toMatchObject({ kind: 'completed', endedEarly: true, best: { epoch: 1 } });
  });
});
