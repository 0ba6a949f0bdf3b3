/**
 * Faults are named where they are, all of them, whatever the recipe: planted at random, and one by one where parts do not fit.
 *
 * File length: most of it is one table, a case a line.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { validateJob } from '../job-validation.ts';
import { RECIPE_NAMES } from '../recipes/catalogue.ts';
import { isObject } from '../schema/union-branch.ts';
import type { DatasetShape } from './data-faults.ts';

const mnist: DatasetShape = { name: 'mnist', features: 784, classes: 10, trainSamples: 60_000, testSamples: 10_000 };
const job = (recipe: string, more: object = {}) => ({ recipe, dataset: { name: 'mnist' }, ...more });

/** Everything that can be said of a job, said. */
const RICH = job('convolutional-ep', {
  name: 'rich',
  dataset: {
    name: 'mnist',
    train_samples: 1_000,
    test_samples: 100,
    validation_samples: 100,
    augmentation: { crop_padding: 2, crop_fill: 'edge', flip: true },
    normalization: { kind: 'per-channel', deviation_scale: 3 },
  },
  network: {
    layers: [[1, 28, 28], { channels: 4, kernel: 3, padding: 1 }, { channels: 4, kernel: 3, padding: 1 }, 10],
    skips: [{ from: 0, to: 2, kernel: 1 }],
    gains: [1, 1, 1, 1],
  },
  training: {
    learning_rates: [0.1, 0.1, 0.1, 0.1],
    bias_learning_rates: [0.1, 0.1, 0.1],
    optimizer: { kind: 'adam' },
    learning_rate_schedule: { kind: 'cosine', epochs: 10 },
    clipping: { kind: 'norm', limit: 1 },
    early_stopping: { patience_epochs: 2 },
  },
});

function filled(body: unknown): unknown {
  const validation = validateJob(body, mnist);
  if (validation.kind === 'invalid') throw new Error(JSON.stringify(validation.faults));
  return JSON.parse(JSON.stringify(validation.spec));
}

const BODIES = [...RECIPE_NAMES.map((name) => filled(job(name))), filled(RICH)];

interface Planted {
  readonly pointer: string;
  readonly code: RegExp;
  /** A changed copy of the body. */
  readonly plant: (body: unknown) => unknown;
}

/** Every fault of one kind that can be planted: a leaf that becomes nonsense, a field that nobody knows. */
function plantable(value: unknown, pointer: string): Planted[] {
  // Texts may be anything, and another recipe is another schema.
  if (['/recipe', '/name', '/dataset/name'].includes(pointer)) return [];
  const keys = pointer.split('/').slice(1);
  if (Array.isArray(value)) return value.flatMap((entry: unknown, at) => plantable(entry, `${pointer}/${at}`));
  if (!isObject(value)) {
    return [{ pointer, code: /^(type|enum|const)$/, plant: (body) => changed(body, keys, 'nonsense') }];
  }
  const unknown = `${pointer}/zzzzzz`;
  return [
    { pointer: unknown, code: /^unknown_field$/, plant: (body) => changed(body, [...keys, 'zzzzzz'], 1) },
    ...Object.entries(value).flatMap(([key, member]) => plantable(member, `${pointer}/${key}`)),
  ];
}

function changed(value: unknown, [key, ...rest]: readonly string[], to: unknown): unknown {
  if (key === undefined) return to;
  if (Array.isArray(value)) return value.map((entry, at) => (String(at) === key ? changed(entry, rest, to) : entry));
  if (!isObject(value)) return value;
  return { ...value, [key]: changed(value[key], rest, to) };
}

/** An object of an unknown kind has no fields to be wrong in. */
function apart(chosen: readonly Planted[]): Planted[] {
  const forms = chosen.filter(({ pointer }) => pointer.endsWith('/kind')).map(({ pointer }) => pointer.slice(0, -4));
  return chosen.filter(({ pointer }) => forms.every((form) => !pointer.startsWith(form) || pointer === `${form}kind`));
}

describe('faults of a job', () => {
  it('are named exactly where they were planted, many at once, in every recipe', () => {
    const cases = fc.constantFrom(...BODIES).chain((body) =>
      fc.record({
        body: fc.constant(body),
        chosen: fc.subarray(plantable(body, ''), { minLength: 1, maxLength: 8 }).map(apart),
      }),
    );
    fc.assert(
      fc.property(cases, ({ body, chosen }) => {
        const verdict = validateJob(
          chosen.reduce<unknown>((broken, { plant }) => plant(broken), body),
          mnist,
        );
        const faults = verdict.kind === 'invalid' ? verdict.faults : [];
        expect(faults.map(({ pointer }) => pointer).toSorted()).toEqual(
          chosen.map(({ pointer }) => pointer).toSorted(),
        );
        for (const { pointer, code } of chosen)
          expect(faults.find((fault) => fault.pointer === pointer)?.code).toMatch(code);
      }),
      { numRuns: 1_000 },
    );
  });

  const conv = (network: object, more: object = {}) => job('convolutional-ep', { network, ...more });
  const image = [1, 28, 28];
  const hidden = { channels: 4, kernel: 3 };
  const deep = (recipe: string, settling: object, network: object = {}) =>
    job(recipe, {
      network: { layers: [784, 20, 20, 20, 10], ...network },
      settling,
      training: { learning_rates: [0.1, 0.1, 0.1, 0.1] },
    });
  const padded = (layer: object) =>
    conv({ layers: [image, layer, 10] }, { training: { batch_size: 1, learning_rates: [0.1, 0.1] } });
  const LOOKED_AT = { every_epochs: 1, gradient_cosine: true };
  it.each([
    [
      'a kernel larger than its image',
      conv({ layers: [[1, 4, 196], { channels: 4, kernel: 5 }, hidden, 10] }),
      '/network/layers/1 layer_left_empty',
    ],
    [
      'a pooling larger than its plane',
      conv({ layers: [image, { ...hidden, pooling: { kind: 'max', size: 27 } }, hidden, 10] }),
      '/network/layers/1 layer_left_empty',
    ],
    ['a first layer that convolves', conv({ layers: [hidden, hidden, hidden, 10] }), '/network/layers/0 layer_form'],
    ['a shape above the input', conv({ layers: [image, image, hidden, 10] }), '/network/layers/1 layer_form'],
    [
      'a skip to nowhere',
      job('hopfield-resnet-ep', { network: { skips: [{ from: 0, to: 9, kernel: 1 }] } }),
      '/network/skips/0 skip_leads_nowhere',
    ],
    [
      'a skip of another shape',
      job('hopfield-resnet-ep', { network: { skips: [{ from: 0, to: 2, kernel: 1 }] } }),
      '/network/skips/0 shape_mismatch',
    ],
    [
      'a skip between neighbours',
      job('hopfield-resnet-ep', { network: { skips: [{ from: 1, to: 2, kernel: 0 }] } }),
      '/network/skips/0 connection_repeated',
    ],
    [
      'features that are not the data’s',
      job('ep', { network: { layers: [[1, 7, 7], 500, 10] } }),
      '/network/layers/0 input_size_mismatch',
    ],
    [
      'classes that are not the data’s',
      job('ep', { network: { layers: [784, 500, { channels: 3, kernel: 1 }] } }),
      '/network/layers/2 output_size_mismatch',
    ],
    ['too few gains', job('ep', { network: { gains: [1] } }), '/network/gains length_mismatch'],
    [
      'too many bias rates',
      job('ep', { training: { bias_learning_rates: [1, 1, 1] } }),
      '/training/bias_learning_rates length_mismatch',
    ],
    [
      'momenta of another network',
      job('binary-ep', { training: { momentum_gains: [0.1] } }),
      '/training/momentum_gains length_mismatch',
    ],
    [
      'thresholds of another network',
      job('binary-ep', { training: { flip_thresholds: [0.1] } }),
      '/training/flip_thresholds length_mismatch',
    ],
    [
      'rates for weights that flip',
      job('binary-ep', { training: { learning_rates: [0.1, 0.1] } }),
      '/training/learning_rates unknown_field',
    ],
    ['beta 0', job('ep', { settling: { beta: 0 } }), '/settling/beta exclusive_minimum'],
    [
      'a tolerance too large for beta',
      job('ep', { settling: { beta: 0.5, tolerance: 0.006 } }),
      '/settling/tolerance tolerance_too_large',
    ],
    [
      'a tolerance too large for a fraction',
      job('coupled-learning', { settling: { fraction: 0.1, tolerance: 0.002 } }),
      '/settling/tolerance tolerance_too_large',
    ],
    [
      'a tolerance too large for held outputs',
      job('predictive-coding', { settling: { tolerance: 0.02 } }),
      '/settling/tolerance tolerance_too_large',
    ],
    [
      'corners in the complex plane',
      job('holomorphic-ep', { network: { activation: 'hard-sigmoid' } }),
      '/network/activation activation_not_holomorphic',
    ],
    [
      'an output with corners there',
      job('holomorphic-ep', { network: { readout: 'squared-error', output_activation: 'clipped-relu' } }),
      '/network/output_activation activation_not_holomorphic',
    ],
    [
      'max pooling there',
      job('holomorphic-ep', { network: { layers: [image, { ...hidden, pooling: { kind: 'max', size: 2 } }, 10] } }),
      '/network/layers/1/pooling pooling_not_holomorphic',
    ],
    [
      'pooling on the way back',
      job('feedback-alignment', {
        network: { layers: [image, { ...hidden, pooling: { kind: 'average', size: 2 } }, 10] },
      }),
      '/network/layers/1/pooling pooling_with_separate_feedback',
    ],
    [
      'held outputs of a softmax',
      job('coupled-learning', { network: { readout: 'softmax-cross-entropy' } }),
      '/network/readout enum',
    ],
    [
      'a nudge that follows no cost',
      job('prototypical-ep', { network: { readout: 'softmax-cross-entropy' } }),
      '/settling/nudge nudge_without_cost',
    ],
    [
      'a softmax on the input',
      job('ep', {
        network: { layers: [784, 10], readout: 'softmax-cross-entropy' },
        training: { learning_rates: [1] },
      }),
      '/network/layers readout_needs_hidden_layer',
    ],
    [
      'a softmax that convolves',
      job('ep', { network: { layers: [784, 500, { channels: 10, kernel: 1 }], readout: 'softmax-cross-entropy' } }),
      '/network/layers/2 readout_not_dense',
    ],
    [
      'nothing but steps that are differentiated',
      job('backpropagation-through-time', { settling: { free_steps: 5, nudged_steps: 5 } }),
      '/settling/nudged_steps too_many_steps_differentiated',
    ],
    [
      'a signal that does not come down to the first layer',
      deep('ep', { nudged_steps: 3 }),
      '/settling/nudged_steps nudged_steps_too_few',
    ],
    [
      'held outputs that the first layer does not hear of',
      deep('predictive-coding', { nudged_steps: 3 }),
      '/settling/nudged_steps nudged_steps_too_few',
    ],
    [
      'an angle that is never taken',
      job('ep', { training: { diagnostics: { gradient_cosine: true } } }),
      '/training/diagnostics/gradient_cosine setting_without_effect',
    ],
    ...['predictive-coding', 'backpropagation', 'feedback-alignment', 'forward-forward'].map(
      (recipe): [string, object, string] => [
        `an angle of ${recipe}`,
        job(recipe, { training: { diagnostics: LOOKED_AT } }),
        '/training/diagnostics/gradient_cosine setting_without_effect',
      ],
    ),
    ...['even-odd', 'anderson'].map((schedule): [string, object, string] => [
      `an angle of ${schedule} steps`,
      job('ep', { settling: { schedule }, training: { diagnostics: LOOKED_AT } }),
      '/training/diagnostics/gradient_cosine setting_without_effect',
    ]),
    [
      'an angle of one step',
      job('ep', { settling: { free_steps: 1 }, training: { diagnostics: LOOKED_AT } }),
      '/training/diagnostics/gradient_cosine setting_without_effect',
    ],
    [
      'an angle of more states than a worker holds, though a batch is small',
      job('ep', {
        network: { layers: [784, 8_000, 10] },
        settling: { free_steps: 2_000, nudged_steps: 1_999 },
        training: { batch_size: 1, diagnostics: LOOKED_AT },
      }),
      '/training/diagnostics/gradient_cosine diagnostics_too_large',
    ],
    [
      'an angle of more points than a worker holds, though a batch is small',
      job('holomorphic-ep', {
        network: { layers: [784, 140_000, 10] },
        settling: { points: 64, nudged_steps: 4 },
        training: { batch_size: 1, diagnostics: LOOKED_AT },
      }),
      '/training/diagnostics/gradient_cosine diagnostics_too_large',
    ],
    [
      'Anderson acceleration of weights in motion',
      job('continual-ep', { settling: { schedule: 'anderson' } }),
      '/settling/schedule enum',
    ],
    [
      'settling where nothing settles',
      job('backpropagation', { settling: { free_steps: 3 } }),
      '/settling unknown_field',
    ],
    [
      'early stopping by nothing',
      job('ep', { training: { early_stopping: { patience_epochs: 1 } } }),
      '/training/early_stopping needs_validation_samples',
    ],
    [
      'all samples held out',
      job('ep', { dataset: { name: 'mnist', train_samples: 5, validation_samples: 5 } }),
      '/dataset/validation_samples no_training_samples',
    ],
    [
      'crops of what is no image',
      job('ep', { dataset: { name: 'mnist', augmentation: { crop_padding: 1 } } }),
      '/dataset/augmentation/crop_padding needs_images',
    ],
    [
      'mirror images of what is none',
      job('ep', { dataset: { name: 'mnist', augmentation: { flip: true } } }),
      '/dataset/augmentation/flip needs_images',
    ],
    [
      'crops beyond the image',
      conv({}, { dataset: { name: 'mnist', augmentation: { crop_padding: 28 } } }),
      '/dataset/augmentation/crop_padding crop_too_large',
    ],
    [
      'labels that do not fit over the input',
      job('forward-forward', { network: { layers: [9, 5, 5, 10] } }),
      '/network/layers/0 labels_do_not_fit',
    ],
    [
      'states of too many points',
      job('holomorphic-ep', {
        network: { layers: [784, 5_000, 10] },
        settling: { points: 64 },
        training: { batch_size: 500 },
      }),
      '/training/batch_size batch_too_large',
    ],
    [
      'states of too many steps',
      job('backpropagation-through-time', { settling: { free_steps: 20_000, nudged_steps: 10_000 } }),
      '/training/batch_size batch_too_large',
    ],
    [
      'too many states to keep',
      job('ep', { network: { layers: [784, 2_000, 10] }, settling: { initial_states: 'persistent' } }),
      '/settling/initial_states persistent_states_too_large',
    ],
    [
      'too many weights, counted twice',
      job('non-reciprocal-ep', {
        network: { layers: [784, 7_000, 5_000, 10] },
        training: { learning_rates: [1, 1, 1] },
      }),
      '/network/layers network_too_large',
    ],
    [
      'more padding than a sample has room for',
      padded({ channels: 14, kernel: 1, padding: 486 }),
      '/network/layers network_too_large',
    ],
    [
      'padding that no stride leaves anything of',
      padded({ channels: 1, kernel: 1, padding: 1_000, stride: 1_000 }),
      '/network/layers network_too_large',
    ],
    [
      'planes that a pooling makes small',
      padded({ channels: 500, kernel: 1, padding: 86, pooling: { kind: 'average', size: 100 } }),
      '/network/layers network_too_large',
    ],
    ['an unknown optimizer', job('ep', { training: { optimizer: { kind: 'sgd' } } }), '/training/optimizer/kind enum'],
    [
      'an optimizer without a kind',
      job('ep', { training: { optimizer: { momentum: 0.5 } } }),
      '/training/optimizer/kind required',
    ],
    [
      'a constant of another optimizer',
      job('ep', { training: { optimizer: { kind: 'momentum', epsilon: 1 } } }),
      '/training/optimizer/epsilon unknown_field',
    ],
  ])('refuse %s', (_, body, expected) => {
    const verdict = validateJob(body, mnist);
    const faults = verdict.kind === 'invalid' ? verdict.faults : [];
    expect(faults.map(({ pointer, code }) => `${pointer} ${code}`)).toContain(expected);
  });

  it.each<[what: string, body: object]>([
    [
      'an output with corners that a softmax ignores',
      job('holomorphic-ep', nudged({ output_activation: 'clipped-relu' }, {})),
    ],
    ['as many nudged steps as layers settle', deep('ep', { nudged_steps: 4 })],
    [
      'one fewer, where the last layer reads out',
      deep('ep', { nudged_steps: 3 }, { readout: 'softmax-cross-entropy' }),
    ],
    ['one nudged sweep', deep('ep', { nudged_steps: 1, schedule: 'even-odd' })],
    ['few of the steps differentiated', deep('backpropagation-through-time', { nudged_steps: 1 })],
    ['an angle that is taken', job('ep', { training: { diagnostics: LOOKED_AT } })],
    ['an angle of differentiated steps', job('backpropagation-through-time', { training: { diagnostics: LOOKED_AT } })],
    ['padding that fits', padded({ channels: 14, kernel: 1, padding: 86 })],
  ])('do not refuse %s', (_, body) => {
    expect(validateJob(body, mnist)).toMatchObject({ kind: 'valid' });
  });
});

const nudged = (network: object, settling: object) => ({ network, settling });
