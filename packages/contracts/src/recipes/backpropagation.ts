/** Recipe `backpropagation` as jobs name it: one sweep upwards, one chain rule downwards. */
import Type, { type Static } from 'typebox';
import { JOB_SECTION } from './job-section.ts';
import { anyOutput, networkSection } from './network-section.ts';
import type { RecipeEntry } from './recipe-entry.ts';
import { trainingSection } from './training-section.ts';

export const BackpropagationJobSpec = Type.Object(
  {
    recipe: Type.Literal('backpropagation', { description: 'Backpropagation (1986).' }),
    ...JOB_SECTION,
    network: networkSection({
      layers: [784, 500, 10],
      activation: 'tanh',
      output: anyOutput(),
      readouts: ['softmax-cross-entropy', 'squared-error'],
      initialization: 'glorot-uniform',
    }),
    training: trainingSection({ epochs: 10, batchSize: 64, learningRates: [1e-3, 1e-3], optimizer: 'adam' }, {}),
  },
  { $id: 'BackpropagationJobSpec', additionalProperties: false },
);
export type BackpropagationJobSpec = Static<typeof BackpropagationJobSpec>;

export const backpropagation = {
  name: 'backpropagation',
  title: 'Backpropagation on the same layers, swept once upwards',
  citation: 'Rumelhart, Hinton & Williams, Nature 323 (1986), doi:10.1038/323533a0',
  schema: BackpropagationJobSpec,
} as const satisfies RecipeEntry;
