/** How a network settles: fields that several recipes share, each with the recipe's own default. */
import Type, { type TProperties } from 'typebox';
import { closed } from './closed-object.ts';

const SCHEDULES = ['synchronous', 'even-odd', 'anderson'] as const;
type ScheduleName = (typeof SCHEDULES)[number];

const steps = (preset: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 100_000, default: preset, description });

/** ε of a relaxation, or the share of the way that a map goes. */
export const stepSize = (preset: number) =>
  Type.Number({ exclusiveMinimum: 0, maximum: 1, default: preset, description: 'Of the relaxation.' });

export const beta = (preset: number, description = 'Nudging strength.') =>
  Type.Number({ exclusiveMinimum: 0, maximum: 1_000, default: preset, description });

/** Which pair of states is contrasted; `names` are those that the recipe can work with. */
export const nudging = <const Names extends readonly string[]>(names: Names, preset: NoInfer<Names[number]>) =>
  Type.Enum<Names[number][]>([...names], { default: preset, description: 'Which settled states are contrasted.' });

/** Where the nudge of a discrete map acts. */
export const nudge = (preset: 'inside' | 'outside') =>
  Type.Enum(['inside', 'outside'], {
    default: preset,
    description:
      'Inside the activation the cost is the squared error; outside, with a logistic, cross-entropy. A softmax read-out ' +
      'needs inside.',
  });

export const initialStates = Type.Enum(['zeros', 'persistent', 'previous-batch'], {
  default: 'zeros',
  description:
    'Where free phases of training start: zeros, where the same sample came to rest the last time, or where the batch ' +
    'before did.',
});

export const freeSteps = (preset: number) => steps(preset, 'Of a free phase, at most.');
export const nudgedSteps = (preset: number) =>
  steps(preset, 'Of a nudged phase, at most. As many as layers settle, at least, where all of them move at a time.');

/** Order of layers within a step, and when a phase ends. */
export const phases = <const Schedules extends readonly ScheduleName[]>(
  schedules: Schedules,
  preset: NoInfer<Schedules[number]>,
) => ({
  schedule: Type.Enum<Schedules[number][]>([...schedules], {
    default: preset,
    description: 'Which layers move at a time: all; odd, then even ones; or that, extrapolated for each sample.',
  }),
  tolerance: Type.Number({
    minimum: 0,
    maximum: 10,
    default: 0,
    description:
      'Residual below which a phase ends early; 0 does all steps. At most a hundredth of the strength of the nudge.',
  }),
});

export const anySchedule = (preset: ScheduleName = 'synchronous') => phases(SCHEDULES, preset);

export const settlingSection = <Properties extends TProperties>(properties: Properties) =>
  closed(properties, 'How the network settles.');
