/** Recipe `coupled-learning` as jobs name it: outputs held a little nearer to the label. */
import Type, { type Static } from 'typebox';
import { JOB_SECTION } from './job-section.ts';
import { anyOutput, networkSection } from './network-section.ts';
import type { RecipeEntry } from './recipe-entry.ts';
import {
  anySchedule,
  freeSteps,
  initialStates,
  nudgedSteps,
  nudging,
  settlingSection,
  stepSize,
} from './settling-section.ts';
import { trainingSection } from './training-section.ts';

export const CoupledLearningJobSpec = Type.Object(
  {
    recipe: Type.Literal('coupled-learning', { description: 'Coupled learning (2021).' }),
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
      nudged_steps: nudgedSteps(10),
      initial_states: initialStates,
      fraction: Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        default: 0.5,
        description: 'Share of the error that is taken away where outputs are held.',
      }),
      nudging: nudging(['one-sided', 'centred'], 'centred'),
    }),
    training: trainingSection({ epochs: 20, batchSize: 20, learningRates: [0.1, 0.05] }, {}),
  },
  { $id: 'CoupledLearningJobSpec', additionalProperties: false },
);
export type CoupledLearningJobSpec = Static<typeof CoupledLearningJobSpec>;

export const coupledLearning = {
  name: 'coupled-learning',
  title: 'Learning from outputs held a little nearer to the label',
  citation: 'Stern, Hexner, Rocks & Liu, Phys. Rev. X 11, 021045 (2021), doi:10.1103/PhysRevX.11.021045',
  schema: CoupledLearningJobSpec,
} as const satisfies RecipeEntry;
