/** Recipe `hopfield-resnet-ep` as jobs name it: centred equilibrium propagation with skips between layers that settle. */
import Type, { type Static } from 'typebox';
import { JOB_SECTION } from './job-section.ts';
import { anyOutput, networkSection } from './network-section.ts';
import type { RecipeEntry } from './recipe-entry.ts';
import { anySchedule, beta, freeSteps, initialStates, nudgedSteps, settlingSection } from './settling-section.ts';
import { trainingSection } from './training-section.ts';

export const HopfieldResnetEpJobSpec = Type.Object(
  {
    recipe: Type.Literal('hopfield-resnet-ep', { description: 'Centred equilibrium propagation with skips (2025).' }),
    ...JOB_SECTION,
    network: networkSection({
      layers: [
        [1, 28, 28],
        { channels: 8, kernel: 3, stride: 2, padding: 1 },
        { channels: 16, kernel: 3, stride: 2, padding: 1 },
        10,
      ],
      activation: 'clipped-relu',
      output: anyOutput('identity'),
      readouts: ['squared-error', 'softmax-cross-entropy'],
      initialization: 'fan-in-uniform',
      skips: [{ from: 0, to: 2, kernel: 1, stride: 4 }],
    }),
    settling: settlingSection({
      ...anySchedule('even-odd'),
      free_steps: freeSteps(30),
      nudged_steps: nudgedSteps(10),
      initial_states: initialStates,
      beta: beta(0.1),
    }),
    training: trainingSection(
      {
        epochs: 10,
        batchSize: 16,
        learningRates: [0.01, 0.01, 0.01, 1e-3],
        optimizer: 'nesterov',
        weightDecay: 2.5e-4,
      },
      {},
    ),
  },
  { $id: 'HopfieldResnetEpJobSpec', additionalProperties: false },
);
export type HopfieldResnetEpJobSpec = Static<typeof HopfieldResnetEpJobSpec>;

export const hopfieldResnetEp = {
  name: 'hopfield-resnet-ep',
  title: 'Centred equilibrium propagation on deep networks with skips',
  citation: 'Sankar Vinayak & Srinivasan (2025), arXiv:2509.26003',
  schema: HopfieldResnetEpJobSpec,
} as const satisfies RecipeEntry;
