/** Recipe `convolutional-ep` as jobs name it: equilibrium propagation with convolutions and pooling. */
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
} from './settling-section.ts';
import { trainingSection } from './training-section.ts';

export const ConvolutionalEpJobSpec = Type.Object(
  {
    recipe: Type.Literal('convolutional-ep', {
      description: 'Equilibrium propagation in convolutional networks (2021, 2023).',
    }),
    ...JOB_SECTION,
    network: networkSection({
      layers: [
        [1, 28, 28],
        { channels: 8, kernel: 5, stride: 2, pooling: { kind: 'max', size: 2 } },
        { channels: 16, kernel: 3, padding: 1, pooling: { kind: 'max', size: 2 } },
        10,
      ],
      activation: 'hard-sigmoid',
      output: anyOutput('identity'),
      readouts: ['squared-error', 'softmax-cross-entropy'],
      initialization: 'fan-in-uniform',
    }),
    settling: settlingSection({
      ...anySchedule('even-odd'),
      free_steps: freeSteps(30),
      nudged_steps: nudgedSteps(10),
      initial_states: initialStates,
      beta: beta(0.25),
      nudging: nudging(['one-sided', 'random-sign', 'centred'], 'centred'),
    }),
    training: trainingSection(
      { epochs: 10, batchSize: 16, learningRates: [0.0625, 0.0375, 0.025], optimizer: 'momentum' },
      {},
    ),
  },
  { $id: 'ConvolutionalEpJobSpec', additionalProperties: false },
);
export type ConvolutionalEpJobSpec = Static<typeof ConvolutionalEpJobSpec>;

export const convolutionalEp = {
  name: 'convolutional-ep',
  title: 'Equilibrium propagation in convolutional networks',
  citation:
    'Laborieux et al., Front. Neurosci. 15 (2021), doi:10.3389/fnins.2021.633674; Scellier et al., NeurIPS 2023, arXiv:2312.15103',
  schema: ConvolutionalEpJobSpec,
} as const satisfies RecipeEntry;
