/** Recipe `backpropagation-through-time` as jobs name it: the chain rule through the steps of settling. */
import Type, { type Static } from 'typebox';
import { JOB_SECTION } from './job-section.ts';
import { anyOutput, networkSection } from './network-section.ts';
import type { RecipeEntry } from './recipe-entry.ts';
import { freeSteps, initialStates, settlingSection, stepSize } from './settling-section.ts';
import { trainingSection } from './training-section.ts';

export const BackpropagationThroughTimeJobSpec = Type.Object(
  {
    recipe: Type.Literal('backpropagation-through-time', { description: 'Backpropagation through time (1990).' }),
    ...JOB_SECTION,
    network: networkSection({
      layers: [784, 256, 10],
      activation: 'logistic',
      output: anyOutput(),
      readouts: ['squared-error', 'softmax-cross-entropy'],
      initialization: 'fan-in-uniform',
    }),
    settling: settlingSection({
      step_size: stepSize(1),
      free_steps: freeSteps(30),
      nudged_steps: Type.Integer({
        minimum: 1,
        maximum: 10_000,
        default: 10,
        description: 'The last steps, which are differentiated; fewer than free_steps.',
      }),
      initial_states: initialStates,
    }),
    training: trainingSection({ epochs: 20, batchSize: 20, learningRates: [0.08, 0.04] }, {}),
  },
  { $id: 'BackpropagationThroughTimeJobSpec', additionalProperties: false },
);
export type BackpropagationThroughTimeJobSpec = Static<typeof BackpropagationThroughTimeJobSpec>;

export const backpropagationThroughTime = {
  name: 'backpropagation-through-time',
  title: 'The exact gradient through the steps of settling',
  citation: 'Werbos, Proc. IEEE 78 (1990), doi:10.1109/5.58337; Ernoult et al., NeurIPS 2019, arXiv:1905.13633',
  schema: BackpropagationThroughTimeJobSpec,
} as const satisfies RecipeEntry;
