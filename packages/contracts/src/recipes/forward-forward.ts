/** Recipe `forward-forward` as jobs name it: layers that each learn by a goodness of their own. */
import Type, { type Static } from 'typebox';
import { JOB_SECTION } from './job-section.ts';
import { anyOutput, networkSection } from './network-section.ts';
import type { RecipeEntry } from './recipe-entry.ts';
import { trainingSection } from './training-section.ts';

export const ForwardForwardJobSpec = Type.Object(
  {
    recipe: Type.Literal('forward-forward', { description: 'The forward-forward algorithm (2022).' }),
    ...JOB_SECTION,
    network: networkSection({
      layers: [784, 500, 500, 10],
      activation: 'clipped-relu',
      output: anyOutput(),
      readouts: ['softmax-cross-entropy'],
      initialization: 'kaiming-uniform',
    }),
    training: trainingSection(
      { epochs: 20, batchSize: 64, learningRates: [1e-3, 1e-3, 1e-3], optimizer: 'adam' },
      {
        threshold: Type.Number({
          exclusiveMinimum: 0,
          maximum: 1_000,
          default: 1,
          description: 'Mean square of a layer’s states above which a sample counts as real.',
        }),
      },
    ),
  },
  { $id: 'ForwardForwardJobSpec', additionalProperties: false },
);
export type ForwardForwardJobSpec = Static<typeof ForwardForwardJobSpec>;

export const forwardForward = {
  name: 'forward-forward',
  title: 'Layers that learn to tell right labels from wrong ones, each by itself',
  citation: 'Hinton (2022), arXiv:2212.13345',
  schema: ForwardForwardJobSpec,
} as const satisfies RecipeEntry;
