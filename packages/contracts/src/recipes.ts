/**
 * What a job can name: one schema per recipe, with bounds, defaults and units. The union of them is the body of
 * POST /v1/jobs; packages/core/src/recipes says what each does.
 */
import Type, { type Static, type TObject, type TProperties } from 'typebox';

const ACTIVATIONS = ['hard-sigmoid', 'logistic', 'tanh'] as const;
const NUDGINGS = ['one-sided', 'random-sign', 'centred'] as const;

/** Weights of one network, all layers together: 256 MB of float32. */
export const MAXIMUM_WEIGHTS = 64_000_000;
/** Batch size times units of all layers, which bounds the memory of the states. */
export const MAXIMUM_BATCH_UNITS = 16_000_000;

/** Batches of a whole job; the store counts them in 32 bits. */
export const MAXIMUM_STEPS = 1_000_000_000;

const closed = <Properties extends TProperties>(properties: Properties, description: string) =>
  Type.Object(properties, { additionalProperties: false, description, default: {} });

const COMMON = {
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'For people; need not be unique.' })),
  dataset: Type.Object(
    {
      name: Type.String({ minLength: 1, maxLength: 200, description: 'A dataset of GET /v1/datasets.' }),
      train_samples: Type.Optional(
        Type.Integer({ minimum: 1, description: 'Only the first so many; all when absent.' }),
      ),
      test_samples: Type.Optional(
        Type.Integer({ minimum: 1, description: 'Only the first so many; all when absent.' }),
      ),
    },
    { additionalProperties: false },
  ),
  target: Type.Enum(['cpu'], { default: 'cpu', description: 'Where the network settles.' }),
  seed: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    default: 1,
    description: 'Of every random stream: initial weights, shuffling, random signs.',
  }),
  limits: closed(
    {
      max_attempts: Type.Integer({
        minimum: 1,
        maximum: 100,
        default: 3,
        description: 'Workers that may be lost in a row, without a new checkpoint in between, before the job fails.',
      }),
    },
    'What the job may use.',
  ),
};

const network = (layers: number[], activation: (typeof ACTIVATIONS)[number]) =>
  closed(
    {
      layers: Type.Array(Type.Integer({ minimum: 1, maximum: 1_000_000 }), {
        minItems: 2,
        maxItems: 64,
        default: layers,
        description: 'Units per layer, input first. The input is as wide as the data, the output has a unit per class.',
      }),
      activation: Type.Enum([...ACTIVATIONS], { default: activation }),
    },
    'Dense layers in a chain, the first clamped to the input.',
  );

const settling = <Properties extends TProperties>(
  defaults: { freeSteps: number; nudgedSteps: number; beta: number; nudging: (typeof NUDGINGS)[number] },
  own: Properties,
) =>
  closed(
    {
      ...own,
      free_steps: Type.Integer({ minimum: 1, maximum: 100_000, default: defaults.freeSteps }),
      nudged_steps: Type.Integer({ minimum: 1, maximum: 100_000, default: defaults.nudgedSteps }),
      beta: Type.Number({
        exclusiveMinimum: 0,
        maximum: 1_000,
        default: defaults.beta,
        description: 'Nudging strength.',
      }),
      nudging: Type.Enum([...NUDGINGS], { default: defaults.nudging }),
    },
    'How the network settles.',
  );

const training = (defaults: { epochs: number; batchSize: number; learningRates: number[] }) =>
  closed(
    {
      epochs: Type.Integer({ minimum: 1, maximum: 100_000, default: defaults.epochs }),
      batch_size: Type.Integer({ minimum: 1, maximum: 100_000, default: defaults.batchSize }),
      learning_rates: Type.Array(Type.Number({ minimum: 0, maximum: 1e30 }), {
        minItems: 1,
        maxItems: 63,
        default: defaults.learningRates,
        description: 'One per weight matrix, input first.',
      }),
      checkpoint_every_epochs: Type.Integer({ minimum: 1, maximum: 100_000, default: 1 }),
    },
    'How the weights move.',
  );

export const EpJobSpec = Type.Object(
  {
    recipe: Type.Literal('ep', { description: 'Equilibrium propagation on the deep Hopfield energy (2017).' }),
    ...COMMON,
    network: network([784, 500, 10], 'hard-sigmoid'),
    settling: settling(
      { freeSteps: 20, nudgedSteps: 4, beta: 0.5, nudging: 'random-sign' },
      {
        step_size: Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 0.5, description: 'Of the relaxation.' }),
      },
    ),
    training: training({ epochs: 25, batchSize: 20, learningRates: [0.1, 0.05] }),
  },
  { $id: 'EpJobSpec', additionalProperties: false },
);
export type EpJobSpec = Static<typeof EpJobSpec>;

export const PrototypicalEpJobSpec = Type.Object(
  {
    recipe: Type.Literal('prototypical-ep', { description: 'Equilibrium propagation in discrete time (2019, 2021).' }),
    ...COMMON,
    network: network([784, 512, 10], 'logistic'),
    settling: settling(
      { freeSteps: 30, nudgedSteps: 10, beta: 0.1, nudging: 'centred' },
      {
        nudge: Type.Enum(['inside', 'outside'], {
          default: 'outside',
          description: 'Inside the activation the cost is the squared error; outside, with a logistic, cross-entropy.',
        }),
      },
    ),
    training: training({ epochs: 30, batchSize: 20, learningRates: [0.08, 0.04] }),
  },
  { $id: 'PrototypicalEpJobSpec', additionalProperties: false },
);
export type PrototypicalEpJobSpec = Static<typeof PrototypicalEpJobSpec>;

export type JobSpec = EpJobSpec | PrototypicalEpJobSpec;
export type RecipeName = JobSpec['recipe'];

export interface RecipeEntry {
  readonly name: RecipeName;
  readonly title: string;
  readonly citation: string;
  readonly schema: TObject;
}

/** Every recipe that a job can name. */
export const RECIPES = {
  ep: {
    name: 'ep',
    title: 'Equilibrium propagation on the deep Hopfield energy',
    citation: 'Scellier & Bengio, Front. Comput. Neurosci. 11:24 (2017), doi:10.3389/fncom.2017.00024',
    schema: EpJobSpec,
  },
  'prototypical-ep': {
    name: 'prototypical-ep',
    title: 'Equilibrium propagation in discrete time, one-sided or centred',
    citation:
      'Ernoult et al., NeurIPS 2019, arXiv:1905.13633; Laborieux et al., Front. Neurosci. 15 (2021), doi:10.3389/fnins.2021.633674',
    schema: PrototypicalEpJobSpec,
  },
} as const satisfies Record<RecipeName, RecipeEntry>;

export const RECIPE_NAMES: readonly RecipeName[] = ['ep', 'prototypical-ep'];

/** The parts that every recipe has, for checking a body whose recipe is unknown. */
export const AnyRecipe = Type.Object(
  {
    recipe: Type.Enum(['ep', 'prototypical-ep']),
    ...COMMON,
    network: Type.Optional(Type.Unknown()),
    settling: Type.Optional(Type.Unknown()),
    training: Type.Optional(Type.Unknown()),
  },
  { additionalProperties: false },
);
