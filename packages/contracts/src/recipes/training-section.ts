/** How often the data is seen, and how parameters move. */
import Type, { type Static, type TProperties } from 'typebox';
import { MAXIMUM_CONNECTIONS, MAXIMUM_LAYERS } from '../limits.ts';
import { closed, orNull } from './closed-object.ts';
import { CONNECTION_ORDER } from './network-section.ts';
import { clipping, learningRateSchedule, type OptimizerSection, optimizer } from './optimizer-section.ts';

const Rate = Type.Number({ minimum: 0, maximum: 1e30 });

export const perConnection = (entry: typeof Rate, preset: readonly number[], description: string) =>
  Type.Array(entry, {
    minItems: 1,
    maxItems: MAXIMUM_CONNECTIONS,
    default: [...preset],
    description: `${description} ${CONNECTION_ORDER}`,
  });

export const biasRates = (options: { readonly default?: number[]; readonly description: string }) =>
  Type.Array(Rate, { minItems: 1, maxItems: MAXIMUM_LAYERS - 1, ...options });

const EarlyStopping = Type.Object(
  {
    patience_epochs: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      description: 'Epochs without improvement after which training ends.',
    }),
    least_improvement: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0,
      description: 'Validation accuracy by which an epoch must beat the best one.',
    }),
  },
  { additionalProperties: false },
);

const count = (preset: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 100_000, default: preset, description });

/** Of every recipe, whatever its optimizer. */
export const trainingCourse = (defaults: { readonly epochs: number; readonly batchSize: number }) => ({
  epochs: count(defaults.epochs, 'How often all training samples are seen.'),
  batch_size: count(defaults.batchSize, 'Samples that settle and are learnt from together.'),
  checkpoint_every_epochs: count(1, 'The last epoch and the best one are saved in any case.'),
  learning_rate_schedule: learningRateSchedule,
  clipping,
  early_stopping: orNull(
    EarlyStopping,
    'Ends a training that no longer improves on the validation samples; null never does.',
  ),
  diagnostics: closed(
    {
      every_epochs: Type.Integer({
        minimum: 0,
        maximum: 100_000,
        default: 0,
        description: 'How often they are taken; 0 for never.',
      }),
      gradient_cosine: Type.Boolean({
        default: false,
        description:
          'Also the angle to backpropagation through time, where the recipe has one, of synchronous steps. Slow.',
      }),
    },
    'What is measured on the way, as metric series under diagnostics/.',
  ),
});

export interface TrainingDefaults {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRates: readonly number[];
  readonly optimizer?: OptimizerSection['kind'];
  readonly weightDecay?: number;
}

/** `own`: what only this recipe has. */
export const trainingSection = <Properties extends TProperties>(defaults: TrainingDefaults, own: Properties) =>
  closed(
    {
      ...trainingCourse(defaults),
      learning_rates: perConnection(Rate, defaults.learningRates, 'Of the weights.'),
      bias_learning_rates: orNull(
        biasRates({ description: 'One per layer above the input.' }),
        'Of the biases; null for the rate of the connection that comes from nearest below.',
      ),
      optimizer: optimizer(defaults.optimizer ?? 'gradient-descent'),
      weight_decay: Type.Number({
        minimum: 0,
        maximum: 1_000,
        default: defaults.weightDecay ?? 0,
        description: 'L2, on weights and not on biases.',
      }),
      ...own,
    },
    'How the weights move.',
  );

// biome-ignore lint/complexity/noBannedTypes: no field of its own.
export type TrainingSection = Static<ReturnType<typeof trainingSection<{}>>>;
