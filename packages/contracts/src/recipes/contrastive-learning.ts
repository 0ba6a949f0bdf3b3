/** Recipe `contrastive-learning` as jobs name it: outputs held at the label. */
import Type, { type Static } from 'typebox';
import { JOB_SECTION } from './job-section.ts';
import { anyOutput, networkSection } from './network-section.ts';
import type { RecipeEntry } from './recipe-entry.ts';
import { anySchedule, freeSteps, initialStates, nudgedSteps, settlingSection, stepSize } from './settling-section.ts';
import { trainingSection } from './training-section.ts';

export const ContrastiveLearningJobSpec = Type.Object(
  {
    recipe: Type.Literal('contrastive-learning', { description: 'Contrastive learning (1991).' }),
    ...JOB_SECTION,
    network: networkSection({
      layers: [784, 500, 10],
      activation: 'hard-sigmoid',
      output: anyOutput(),
      readouts: ['squared-error'],
      initialization: 'glorot-uniform',
    }),
    settling: settlingSection({
      step_size: stepSize(0.5),
      ...anySchedule(),
      free_steps: freeSteps(20),
      nudged_steps: nudgedSteps(20),
      initial_states: initialStates,
    }),
    training: trainingSection({ epochs: 20, batchSize: 20, learningRates: [0.05, 0.02] }, {}),
  },
  { $id: 'ContrastiveLearningJobSpec', additionalProperties: false },
);
export type ContrastiveLearningJobSpec = Static<typeof ContrastiveLearningJobSpec>;

export const contrastiveLearning = {
  name: 'contrastive-learning',
  title: 'Learning from outputs held at the label',
  citation:
    'Movellan, Connectionist Models (1991); Baldi & Pineda, Neural Computation 3 (1991), doi:10.1162/neco.1991.3.4.526',
  schema: ContrastiveLearningJobSpec,
} as const satisfies RecipeEntry;
