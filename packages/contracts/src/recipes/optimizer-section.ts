/** What a gradient does to the parameters. docs/maths/optimizers.md has the equations. */
import Type, { type Static } from 'typebox';
import { form } from './closed-object.ts';

const decay = (preset: number, description: string) =>
  Type.Number({ minimum: 0, exclusiveMaximum: 1, default: preset, description });
const momentum = { momentum: decay(0.9, 'How much of the earlier direction is kept.') };

const Optimizer = Type.Union([
  form('gradient-descent', {}),
  form('momentum', momentum),
  form('nesterov', momentum),
  form('adam', {
    first_moment_decay: decay(0.9, 'Of the running mean of gradients.'),
    second_moment_decay: decay(0.999, 'Of the running mean of their squares.'),
    epsilon: Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 1e-8 }),
  }),
]);
export type OptimizerSection = Static<typeof Optimizer>;

export const optimizer = (preset: OptimizerSection['kind']) =>
  Type.Union(Optimizer.anyOf, { default: { kind: preset }, description: 'The rule by which parameters move.' });

const epochs = (description: string) => Type.Integer({ minimum: 1, maximum: 100_000, description });
const factor = (description: string) => Type.Number({ exclusiveMinimum: 0, maximum: 1_000, description });
const warmUp = {
  warm_up_epochs: Type.Number({
    minimum: 0,
    maximum: 100_000,
    default: 0,
    description: 'Epochs in which rates rise from 0 in a straight line.',
  }),
};

export const learningRateSchedule = Type.Union(
  [
    form('constant', warmUp),
    form('step', {
      every_epochs: epochs('Epochs between two steps.'),
      factor: factor('On the rate at each step.'),
      ...warmUp,
    }),
    form('exponential', { factor_per_epoch: factor('On the rate after each epoch.'), ...warmUp }),
    form('cosine', {
      epochs: epochs('Epochs of the way down.'),
      lowest: Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0,
        description: 'Share of the rate at the end of the way.',
      }),
      ...warmUp,
    }),
  ],
  { default: { kind: 'constant' }, description: 'The factor on all rates over the epochs.' },
);
export type LearningRateSchedule = Static<typeof learningRateSchedule>;

const limit = { limit: Type.Number({ exclusiveMinimum: 0, maximum: 1e30 }) };

export const clipping = Type.Union([form('none', {}), form('norm', limit), form('value', limit)], {
  default: { kind: 'none' },
  description: 'A bound on the mean gradient of a batch: on the norm of all of it, or on each entry.',
});
export type Clipping = Static<typeof clipping>;
