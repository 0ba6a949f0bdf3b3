/** Recipe `ep` as jobs name it: equilibrium propagation on the deep Hopfield energy. */
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

export const EpJobSpec = Type.Object(
  {
    recipe: Type.Literal('ep', { description: 'Equilibrium propagation on the deep Hopfield energy (2017).' }),
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
      nudged_steps: nudgedSteps(4),
      initial_states: initialStates,
      beta: beta(0.5),
      nudging: nudging(['one-sided', 'random-sign', 'centred'], 'random-sign'),
    }),
    training: trainingSection({ epochs: 25, batchSize: 20, learningRates: [0.1, 0.05] }, {}),
  },
  { $id: 'EpJobSpec', additionalProperties: false },
);
export type EpJobSpec = Static<typeof EpJobSpec>;

export const ep = {
  name: 'ep',
  title: 'Equilibrium propagation on the deep Hopfield energy',
  citation: 'Scellier & Bengio, Front. Comput. Neurosci. 11:24 (2017), doi:10.3389/fncom.2017.00024',
  schema: EpJobSpec,
} as const satisfies RecipeEntry;
