/** Recipe `non-reciprocal-ep` as jobs name it: separate weights upwards and downwards. */
import Type, { type Static } from 'typebox';
import { JOB_SECTION } from './job-section.ts';
import { anyOutput, networkSection } from './network-section.ts';
import type { RecipeEntry } from './recipe-entry.ts';
import { beta, freeSteps, initialStates, nudgedSteps, phases, settlingSection, stepSize } from './settling-section.ts';
import { trainingSection } from './training-section.ts';

export const NonReciprocalEpJobSpec = Type.Object(
  {
    recipe: Type.Literal('non-reciprocal-ep', { description: 'Equilibrium propagation without reciprocity (2026).' }),
    ...JOB_SECTION,
    network: networkSection({
      layers: [784, 256, 10],
      activation: 'logistic',
      output: anyOutput(),
      readouts: ['squared-error', 'softmax-cross-entropy'],
      initialization: 'fan-in-uniform',
    }),
    settling: settlingSection({
      step_size: stepSize(0.5),
      ...phases(['synchronous', 'even-odd'], 'synchronous'),
      free_steps: freeSteps(30),
      nudged_steps: nudgedSteps(15),
      initial_states: initialStates,
      beta: beta(0.1),
    }),
    training: trainingSection({ epochs: 20, batchSize: 20, learningRates: [0.08, 0.04] }, {}),
  },
  { $id: 'NonReciprocalEpJobSpec', additionalProperties: false },
);
export type NonReciprocalEpJobSpec = Static<typeof NonReciprocalEpJobSpec>;

export const nonReciprocalEp = {
  name: 'non-reciprocal-ep',
  title: 'Equilibrium propagation with separate weights upwards and downwards',
  citation: 'Scurria, Vanden Abeele, Mognetti & Massar (2026), arXiv:2602.03670',
  schema: NonReciprocalEpJobSpec,
} as const satisfies RecipeEntry;
