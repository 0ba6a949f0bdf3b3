/** Recipe `agnostic-ep` as jobs name it: parameters that settle too, held by controls. */
import Type, { type Static } from 'typebox';
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
import { trainingSection } from './training-section.ts';

export const AgnosticEpJobSpec = Type.Object(
  {
    recipe: Type.Literal('agnostic-ep', { description: 'Agnostic equilibrium propagation (2022).' }),
    ...JOB_SECTION,
    network: networkSection({
      layers: [784, 500, 10],
      activation: 'hard-sigmoid',
      output: anyOutput(),
      readouts: ['squared-error', 'softmax-cross-entropy'],
      initialization: 'glorot-uniform',
    }),
    settling: settlingSection({
      step_size: stepSize(0.5),
      ...anySchedule(),
      free_steps: freeSteps(20),
      nudged_steps: nudgedSteps(10),
      initial_states: initialStates,
      beta: beta(0.5, 'Distance of the two nudging strengths.'),
      nudging: nudging(['optimistic', 'pessimistic', 'centred'], 'centred'),
      parameter_iterations: Type.Integer({
        minimum: 1,
        maximum: 1_000,
        default: 1,
        description: 'Moves of the parameters in the second phase.',
      }),
    }),
    training: trainingSection({ epochs: 20, batchSize: 20, learningRates: [0.1, 0.05] }, {}),
  },
  { $id: 'AgnosticEpJobSpec', additionalProperties: false },
);
export type AgnosticEpJobSpec = Static<typeof AgnosticEpJobSpec>;

export const agnosticEp = {
  name: 'agnostic-ep',
  title: 'Equilibrium propagation in which parameters settle too',
  citation: 'Scellier, Mishra, Bengio & Ollivier (2022), arXiv:2205.15021',
  schema: AgnosticEpJobSpec,
} as const satisfies RecipeEntry;
