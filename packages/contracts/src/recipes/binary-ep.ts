/** Recipe `binary-ep` as jobs name it: binary weights that flip when their momentum asks for it. */
import Type, { type Static } from 'typebox';
import { closed } from './closed-object.ts';
import { JOB_SECTION } from './job-section.ts';
import { anyOutput, networkSection } from './network-section.ts';
import type { RecipeEntry } from './recipe-entry.ts';
import {
  anySchedule,
  beta,
  freeSteps,
  initialStates,
  nudgedSteps,
  nudging,
  settlingSection,
  stepSize,
} from './settling-section.ts';
import { biasRates, perConnection, trainingCourse } from './training-section.ts';

export const BinaryEpJobSpec = Type.Object(
  {
    recipe: Type.Literal('binary-ep', { description: 'Equilibrium propagation with binary weights (2021).' }),
    ...JOB_SECTION,
    network: networkSection({
      layers: [784, 1_024, 10],
      activation: 'hard-sigmoid',
      output: anyOutput(),
      readouts: ['squared-error', 'softmax-cross-entropy'],
      initialization: 'fan-in-uniform',
    }),
    settling: settlingSection({
      step_size: stepSize(0.5),
      ...anySchedule(),
      free_steps: freeSteps(50),
      nudged_steps: nudgedSteps(10),
      initial_states: initialStates,
      beta: beta(0.3),
      nudging: nudging(['one-sided', 'random-sign', 'centred'], 'random-sign'),
    }),
    training: closed(
      {
        ...trainingCourse({ epochs: 20, batchSize: 64 }),
        momentum_gains: perConnection(
          Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
          [1e-4, 1e-5],
          'How much of the newest gradient enters the momentum.',
        ),
        flip_thresholds: perConnection(
          Type.Number({ minimum: 0, maximum: 1e30 }),
          [5e-7, 5e-7],
          'What the momentum against a weight’s sign must exceed to flip it.',
        ),
        bias_learning_rates: biasRates({ default: [0.05, 0.025], description: 'One per layer above the input.' }),
      },
      'How weights flip and biases move.',
    ),
  },
  { $id: 'BinaryEpJobSpec', additionalProperties: false },
);
export type BinaryEpJobSpec = Static<typeof BinaryEpJobSpec>;

export const binaryEp = {
  name: 'binary-ep',
  title: 'Equilibrium propagation with binary weights that flip',
  citation: 'Laydevant, Ernoult, Querlioz & Grollier, CVPR Workshops 2021, arXiv:2103.08953',
  schema: BinaryEpJobSpec,
} as const satisfies RecipeEntry;
