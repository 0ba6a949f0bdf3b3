/** What a session refuses before anything starts: data, step sizes and checkpoints that do not belong to the training. */
import { describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from '../checkpoints/safetensors.ts';
import type { Dataset } from '../datasets/dataset.ts';
import { withLists } from '../datasets/listed-samples.ts';
import { stepSizeBound } from '../dynamics/stability.ts';
import type { KernelSet } from '../kernels/kernel-set.ts';
import { referenceKernels } from '../kernels/reference/reference-kernels.ts';
import { wasmKernels } from '../kernels/wasm/wasm-kernels.ts';
import { initialParameters } from '../models/initialization.ts';
import { epRecipe } from '../recipes/ep.ts';
import { methodFrom } from '../recipes/method.ts';
import type { MethodSettings } from '../recipes/method-description.ts';
import { chain, descent, EVERY_RECIPE, glorot, POINTS, settling } from '../recipes/testing/every-recipe.ts';
import { randomStream } from '../tensor/random.ts';
import { carriedBytes } from './carried-states.ts';
import { decodeCheckpoint } from './checkpoint.ts';
import { sessionCarriedBytes } from './session.ts';
import {
  data,
  epochMetrics,
  isSameFile,
  lastFile,
  open,
  type RunOptions,
  run,
  setsFor,
  stoppedFile,
} from './testing/sessions.ts';

const SETTINGS = {
  network: chain(POINTS, [10], 'hard-sigmoid'),
  settling: settling(8, 4),
  optimizer: descent([0.3, 0.2]),
  initialization: glorot,
} satisfies MethodSettings;

const ep = (others: Partial<MethodSettings> & { readonly stepSize?: number; readonly beta?: number } = {}) =>
  methodFrom(epRecipe({ ...SETTINGS, stepSize: 0.5, nudging: 'random-sign', beta: 0.5, ...others }));

const TRAIN = data('blobs', 40);

describe('data', () => {
  const wrong: readonly { readonly fault: string; readonly dataset: Dataset; readonly message: string }[] = [
    {
      fault: 'other samples than the input layer takes',
      dataset: { ...TRAIN, shape: [4, 1, 1], featureCount: 4 },
      message: 'has samples of [4, 1, 1], the input layer is [8, 1, 1]',
    },
    {
      fault: 'other classes than there are outputs',
      dataset: { ...TRAIN, classCount: 3 },
      message: '3 classes, the output layer 4',
    },
    { fault: 'no samples', dataset: { ...TRAIN, sampleCount: 0 }, message: 'has no samples' },
  ];

  it.each(wrong)('with $fault are refused in training, validation and test', ({ dataset, message }) => {
    for (const part of ['train', 'validation', 'test'] as const) {
      expect(() => open({ method: ep(), [part]: dataset })).toThrow(RangeError);
      expect(() => open({ method: ep(), [part]: dataset })).toThrow(message);
    }
  });

  it('are taken flat by a flat input layer, but only in one shape', () => {
    const method = ep({ network: chain([36, 1, 1], [10], 'hard-sigmoid') });
    const images = data('glyphs', 20);
    const flat: Dataset = { ...images, shape: [36, 1, 1] };
    expect(run({ method, train: images, test: images }).outcome.kind).toBe('completed');
    expect(run({ method, train: flat, test: flat }).outcome.kind).toBe('completed');
    // Normalization would look for the channels of the one in the other.
    expect(() => open({ method, train: images, test: flat })).toThrow('has samples of [36, 1, 1], glyphs of [1, 6, 6]');
  });

  it('of another shape than the image that the input layer is are refused', () => {
    const method = ep({ network: chain([1, 6, 6], [10], 'hard-sigmoid') });
    const turned: Dataset = { ...data('glyphs', 20), shape: [1, 4, 9] };
    expect(() => open({ method, train: turned, test: turned })).toThrow('the input layer is [1, 6, 6]');
  });

  it('for early stopping have to be held out', () => {
    const earlyStopping = { patienceEpochs: 2, leastImprovement: 0 };
    expect(() => open({ method: ep(), earlyStopping })).toThrow('early stopping needs validation samples');
    expect(() => open({ method: ep(), earlyStopping, validation: data('blobs', 8, 'test') })).not.toThrow();
  });

  it('that cannot be prepared as asked are refused', () => {
    const augmentation = { cropPadding: 1, cropFill: 'zero', flip: false } as const;
    expect(() => open({ method: ep(), preparation: { augmentation } })).toThrow(RangeError);
    const normalization = { kind: 'per-channel', deviationScale: 0 } as const;
    expect(() => open({ method: ep(), preparation: { normalization } })).toThrow(RangeError);
  });
});

describe('lists of samples', () => {
  /** Most bytes dark, as lists want them. */
  const dark = (dataset: Dataset): Dataset => ({ ...dataset, inputs: dataset.inputs.map((x) => (x < 150 ? 0 : x)) });
  const trainings = EVERY_RECIPE.flatMap(({ recipe, method, on, preparation }) => {
    return setsFor(method).map((kernelSet) => ({
      title: `${recipe} on ${kernelSet.name}`,
      method,
      on,
      preparation,
      kernelSet,
    }));
  });

  it.each(trainings)('change no bit of a training by $title', ({ method, on, preparation, kernelSet }) => {
    const [train, test] = [dark(data(on, 40)), dark(data(on, 20, 'test'))];
    const listed = { train: withLists(train), test: withLists(test) };
    expect(listed.train.listed).toBeDefined();
    const common = { method, preparation, kernelSet };
    const [rows, lists] = [{ train, test }, listed].map((shown) => run({ ...common, ...shown }).events);
    expect(isSameFile(lastFile(lists), lastFile(rows))).toBe(true);
    expect(epochMetrics(lists)).toEqual(epochMetrics(rows));
  });
});

describe('lanes', () => {
  /** The reference, which tells how many lanes it was asked for and how often its kernels were released. */
  const watched = () => {
    const seen = { lanes: 0, released: 0 };
    const set: KernelSet = {
      ...referenceKernels,
      build(network, workspace, arena, lanes) {
        seen.lanes = lanes?.count ?? 1;
        const kernels = referenceKernels.build(network, workspace, arena);
        return { ...kernels, release: () => void seen.released++ };
      },
    };
    return { seen, set };
  };

  it('are as many as asked, and end with the training', () => {
    for (const count of [undefined, 1, 3]) {
      const { seen, set } = watched();
      run({ method: ep(), kernelSet: set, ...(count === undefined ? {} : { lanes: { count } }) });
      expect(seen).toEqual({ lanes: count ?? 1, released: 1 });
    }
  });

  it('end with a training that is stopped, given up or broken', () => {
    const stopped = watched();
    run({ method: ep(), kernelSet: stopped.set, stopAfter: 2 });
    expect(stopped.seen.released).toBe(1);
    const left = watched();
    const { session } = open({ method: ep(), kernelSet: left.set });
    session.next();
    expect(left.seen.released).toBe(0);
    session.return({ kind: 'completed', metrics: undefined, best: undefined, endedEarly: true });
    expect(left.seen.released).toBe(1);
  });

  it('end where a training is refused once they run', () => {
    const { seen, set } = watched();
    const unstable = ep({ initialization: { ...glorot, gains: [1, 6] }, stepSize: 0.5 });
    expect(() => open({ method: unstable, kernelSet: set })).toThrow(RangeError);
    expect(seen.released).toBe(1);
  });
});

describe('a step size', () => {
  const large = { ...glorot, gains: [1, 6] };

  it('above the bound of the initial weights is refused, with the bound', () => {
    const method = ep({ initialization: large, stepSize: 0.5 });
    for (const seed of [1, 2, 3]) {
      const { network } = method.model;
      const bound = stepSizeBound(network, initialParameters(large, network, randomStream(seed, 'init'))) ?? Number.NaN;
      expect(bound).toBeLessThan(0.5);
      const refused = () => open({ method, seed });
      expect(refused).toThrow(RangeError);
      expect(refused).toThrow(`a step size of 0.5 is not stable`);
      expect(refused).toThrow(`allow ${bound.toPrecision(3)} where units are on their steepest slope`);
      const stepSize = 0.99 * bound;
      expect(() => open({ method: ep({ initialization: large, stepSize }), seed })).not.toThrow();
    }
  });

  it('is not bounded so where no two layers that are coupled move at once', () => {
    const evenOdd = { freeSchedule: 'even-odd', schedule: 'even-odd' } as const;
    expect(() =>
      open({ method: ep({ initialization: large, stepSize: 1, settling: settling(8, 4, evenOdd) }) }),
    ).not.toThrow();
    const half = { ...evenOdd, schedule: 'synchronous' } as const;
    expect(() => open({ method: ep({ initialization: large, stepSize: 1, settling: settling(8, 4, half) }) })).toThrow(
      RangeError,
    );
  });
});

describe('a checkpoint', () => {
  const images: RunOptions = {
    method: ep({ network: chain([1, 6, 6], [10], 'hard-sigmoid') }),
    on: 'glyphs',
    train: data('glyphs', 40),
    validation: data('glyphs', 8, 'test'),
    preparation: {
      normalization: { kind: 'per-channel', deviationScale: 3 },
      augmentation: { cropPadding: 1, cropFill: 'edge', flip: true },
    },
    earlyStopping: { patienceEpochs: 2, leastImprovement: 0.1 },
  };
  const resumeFrom = stoppedFile(run({ ...images, stopAfter: 2 }).outcome);
  const network = chain([1, 6, 6], [10], 'hard-sigmoid');
  const augmentation = { cropPadding: 1, cropFill: 'edge', flip: true } as const;
  const normalization = { kind: 'per-channel', deviationScale: 3 } as const;

  it.each<{ readonly other: string; readonly change: Partial<RunOptions> }>([
    { other: 'seed', change: { seed: 2 } },
    { other: 'name of the data', change: { train: { ...data('glyphs', 40), name: 'others' } } },
    { other: 'number of samples', change: { train: data('glyphs', 39) } },
    { other: 'number of validation samples', change: { validation: data('glyphs', 7, 'test') } },
    { other: 'batch size', change: { batchSize: 8 } },
    { other: 'normalization', change: { preparation: { augmentation } } },
    {
      other: 'deviation scale',
      change: { preparation: { augmentation, normalization: { ...normalization, deviationScale: 2 } } },
    },
    { other: 'lack of augmentation', change: { preparation: { normalization } } },
    { other: 'padding', change: { preparation: { normalization, augmentation: { ...augmentation, cropPadding: 2 } } } },
    { other: 'fill', change: { preparation: { normalization, augmentation: { ...augmentation, cropFill: 'zero' } } } },
    { other: 'flip', change: { preparation: { normalization, augmentation: { ...augmentation, flip: false } } } },
    { other: 'lack of early stopping', change: { earlyStopping: undefined } },
    { other: 'patience', change: { earlyStopping: { patienceEpochs: 3, leastImprovement: 0.1 } } },
    { other: 'least improvement', change: { earlyStopping: { patienceEpochs: 2, leastImprovement: 0.2 } } },
    { other: 'number of steps', change: { method: ep({ network, settling: settling(9, 4) }) } },
    { other: 'beta', change: { method: ep({ network, beta: 0.4 }) } },
    { other: 'step size', change: { method: ep({ network, stepSize: 0.4 }) } },
    { other: 'rate', change: { method: ep({ network, optimizer: descent([0.3, 0.1]) }) } },
    { other: 'initialization', change: { method: ep({ network, initialization: { ...glorot, gains: [1, 2] } }) } },
    { other: 'network', change: { method: ep({ network: chain([1, 6, 6], [11], 'hard-sigmoid') }) } },
  ])('of a training with another $other is refused', ({ change }) => {
    expect(() => open({ ...images, ...change, resumeFrom })).toThrow('the checkpoint belongs to another training');
    expect(() => open({ ...images, ...change, resumeFrom })).toThrow(RangeError);
  });

  it('is refused on another kernel set, which would give other bits', () => {
    const [event] = run({ method: ep(), epochs: 1, kernelSet: wasmKernels }).events.filter(
      (e) => e.kind === 'checkpoint',
    );
    if (event === undefined) throw new Error('one epoch ends with a checkpoint');
    expect(() => open({ method: ep(), resumeFrom: event.file, kernelSet: wasmKernels })).not.toThrow();
    expect(() => open({ method: ep(), resumeFrom: event.file, kernelSet: referenceKernels })).toThrow(
      'the checkpoint is of the kernel set wasm',
    );
  });

  it('goes on where only that differs by which no bit of the training changes', () => {
    const changes: readonly Partial<RunOptions>[] = [
      {},
      { epochs: 5 },
      { checkpointEveryEpochs: 3 },
      { diagnostics: { everyEpochs: 1, gradientCosine: true } },
      { test: data('glyphs', 9, 'test') },
    ];
    for (const change of changes) expect(run({ ...images, ...change, resumeFrom }).outcome.kind).toBe('completed');
  });

  it('with all epochs behind it has nothing left to do', () => {
    const { events } = run({ method: ep(), epochs: 2 });
    const last = events.at(-1);
    if (last?.kind !== 'checkpoint') throw new Error('training ends with a checkpoint');
    for (const epochs of [0, 1, 2]) {
      const { events: more, outcome } = run({ method: ep(), epochs, resumeFrom: last.file });
      expect(more).toEqual([]);
      expect(outcome).toEqual({ kind: 'completed', metrics: undefined, best: undefined, endedEarly: false });
    }
  });

  /** The file with another position in its header, or other tensors. */
  function forged(change: {
    readonly position?: Readonly<Record<string, unknown>>;
    readonly keep?: (name: string) => boolean;
  }): Uint8Array {
    const { metadata, tensors } = readSafetensors(resumeFrom);
    const header: { readonly position: object } = JSON.parse(metadata.settle);
    const position = { ...header.position, ...change.position };
    return writeSafetensors({
      metadata: { settle: JSON.stringify({ ...header, position }) },
      tensors: tensors.filter(({ name }) => change.keep?.(name) ?? true),
    });
  }

  it('with a position that the data do not have is refused', () => {
    const { sums } = decodeCheckpoint(resumeFrom).position;
    const all = { ...sums, samples: 40 };
    expect(() => open({ ...images, resumeFrom: forged({}) })).not.toThrow();
    expect(() => open({ ...images, resumeFrom: forged({ position: { batch: 1 } }) })).toThrow('of another length');
    expect(() => open({ ...images, resumeFrom: forged({ position: { batch: 3, sums: all } }) })).not.toThrow();
    expect(() => open({ ...images, resumeFrom: forged({ position: { batch: 4, sums: all } }) })).toThrow(
      'stopped after 4 batches',
    );
  });

  it('without what the optimizer remembers, or the states that training carries, is refused', () => {
    const method = ep({
      settling: settling(8, 4, { initialStates: 'persistent' }),
      optimizer: {
        ...SETTINGS.optimizer,
        rule: { kind: 'adam', firstMomentDecay: 0.9, secondMomentDecay: 0.9, epsilon: 1e-8 },
      },
    });
    const file = stoppedFile(run({ method, stopAfter: 1 }).outcome);
    const { metadata, tensors } = readSafetensors(file);
    const names = tensors.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('optimizer.'))).toHaveLength(2 * 4);
    expect(names.filter((name) => name.startsWith('states.'))).toEqual(['states.1', 'states.2']);
    const without = (lost: RegExp) =>
      writeSafetensors({ metadata, tensors: tensors.filter(({ name }) => !lost.test(name)) });
    expect(() => open({ method, resumeFrom: without(/nothing/) })).not.toThrow();
    expect(() => open({ method, resumeFrom: without(/^optimizer\.2\./) })).toThrow('1 of 2 optimizer buffers');
    expect(() => open({ method, resumeFrom: without(/^states\.2$/) })).toThrow('states that this training carries');
    const shorter = tensors.map((tensor) =>
      tensor.name === 'states.1' ? { ...tensor, shape: [39, 10], values: tensor.values.slice(10) } : tensor,
    );
    expect(() => open({ method, resumeFrom: writeSafetensors({ metadata, tensors: shorter }) })).toThrow('states.1');
  });
});

describe('memory', () => {
  it('for carried states is a number per unit that settles and sample, or row of a batch', () => {
    const rows = { samples: 40, batchSize: 16 };
    for (const { method } of EVERY_RECIPE) {
      expect(sessionCarriedBytes(method, referenceKernels, rows)).toBe(0);
      expect(carriedBytes('persistent', method.model.network, rows, 8)).toBe(
        (carriedBytes('previous-batch', method.model.network, rows, 4) * 2 * 40) / 16,
      );
    }
    const persistent = ep({ settling: settling(8, 4, { initialStates: 'persistent' }) });
    expect(sessionCarriedBytes(persistent, referenceKernels, rows)).toBe(40 * 14 * 8);
  });
});
