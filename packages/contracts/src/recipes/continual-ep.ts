/** Recipe `continual-ep` as jobs name it: weights that move at every nudged step. */
import Type, { type Static } from 'typebox';
import { JOB_SECTION } from './job-section.ts';
import { anyOutput, networkSection } from './network-section.ts';
import type { RecipeEntry } from './recipe-entry.ts';
import {
  beta,
  freeSteps,
  initialStates,
  nudge,
  nudgedSteps,
  nudging,
  phases,
  settlingSection,
  stepSize,
} from './settling-section.ts';
import { trainingSection } from './training-section.ts';

export const ContinualEpJobSpec = Type.Object(
  {
    recipe: Type.Literal('continual-ep', { description: 'Continual equilibrium propagation (2020).' }),
    ...JOB_SECTION,
    network: networkSection({
      layers: [784, 512, 10],
      activation: 'logistic',
      output: anyOutput(),
      readouts: ['squared-error', 'softmax-cross-entropy'],
      initialization: 'fan-in-uniform',
    }),
    settling: settlingSection({
      step_size: stepSize(1),
      nudge: nudge('outside'),
      ...phases(['synchronous', 'even-odd'], 'synchronous'),
      free_steps: freeSteps(40),
      nudged_steps: nudgedSteps(15),
      initial_states: initialStates,
      beta: beta(0.2),
      nudging: nudging(['one-sided', 'random-sign'], 'one-sided'),
    }),
    training: trainingSection({ epochs: 30, batchSize: 20, learningRates: [0.0056, 0.0028] }, {}),
  },
  { $id: 'ContinualEpJobSpec', additionalProperties: false },
);
export type ContinualEpJobSpec = Static<typeof ContinualEpJobSpec>;

export const continualEp = {
  name: 'continual-ep',
  title: 'Equilibrium propagation whose weights move at every nudged step',
  citation: 'Ernoult et al. (2020), arXiv:2005.04168',
  schema: ContinualEpJobSpec,
} as const satisfies RecipeEntry;
