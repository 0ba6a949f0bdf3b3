/** Recipe `predictive-coding` as jobs name it: layers that predict each other. */
import Type, { type Static } from 'typebox';
import { JOB_SECTION } from './job-section.ts';
import { linearOutput, networkSection } from './network-section.ts';
import type { RecipeEntry } from './recipe-entry.ts';
import { anySchedule, nudgedSteps, settlingSection, stepSize } from './settling-section.ts';
import { trainingSection } from './training-section.ts';

export const PredictiveCodingJobSpec = Type.Object(
  {
    recipe: Type.Literal('predictive-coding', { description: 'Predictive coding (2017).' }),
    ...JOB_SECTION,
    network: networkSection({
      layers: [784, 256, 10],
      activation: 'tanh',
      output: linearOutput,
      readouts: ['squared-error'],
      initialization: 'glorot-uniform',
    }),
    settling: settlingSection({ step_size: stepSize(0.2), ...anySchedule(), nudged_steps: nudgedSteps(20) }),
    training: trainingSection({ epochs: 10, batchSize: 20, learningRates: [0.02, 0.02] }, {}),
  },
  { $id: 'PredictiveCodingJobSpec', additionalProperties: false },
);
export type PredictiveCodingJobSpec = Static<typeof PredictiveCodingJobSpec>;

export const predictiveCoding = {
  name: 'predictive-coding',
  title: 'Learning from prediction errors at rest',
  citation: 'Whittington & Bogacz, Neural Computation 29 (2017), doi:10.1162/NECO_a_00949',
  schema: PredictiveCodingJobSpec,
} as const satisfies RecipeEntry;
