/** Recipe `holomorphic-ep` as jobs name it: nudging around a circle in the complex plane. */
import Type, { type Static } from 'typebox';
import { JOB_SECTION } from './job-section.ts';
import { anyOutput, networkSection } from './network-section.ts';
import type { RecipeEntry } from './recipe-entry.ts';
import { anySchedule, beta, freeSteps, initialStates, nudgedSteps, settlingSection } from './settling-section.ts';
import { trainingSection } from './training-section.ts';

export const HolomorphicEpJobSpec = Type.Object(
  {
    recipe: Type.Literal('holomorphic-ep', { description: 'Holomorphic equilibrium propagation (2022).' }),
    ...JOB_SECTION,
    network: networkSection({
      layers: [784, 256, 10],
      activation: 'logistic',
      output: anyOutput(),
      readouts: ['softmax-cross-entropy', 'squared-error'],
      initialization: 'fan-in-uniform',
    }),
    settling: settlingSection({
      points: Type.Integer({
        minimum: 2,
        maximum: 64,
        default: 4,
        description: 'Of the circle; 2 is centred nudging.',
      }),
      ...anySchedule(),
      free_steps: freeSteps(20),
      nudged_steps: nudgedSteps(20),
      initial_states: initialStates,
      beta: beta(0.4, 'Radius of the circle.'),
    }),
    training: trainingSection({ epochs: 10, batchSize: 20, learningRates: [0.05, 0.05] }, {}),
  },
  { $id: 'HolomorphicEpJobSpec', additionalProperties: false },
);
export type HolomorphicEpJobSpec = Static<typeof HolomorphicEpJobSpec>;

export const holomorphicEp = {
  name: 'holomorphic-ep',
  title: 'Equilibrium propagation with nudging around a circle in the complex plane',
  citation: 'Laborieux & Zenke, NeurIPS 2022, arXiv:2209.00530',
  schema: HolomorphicEpJobSpec,
} as const satisfies RecipeEntry;
