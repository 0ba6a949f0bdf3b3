/** Recipe `feedback-alignment` as jobs name it: errors sent down by fixed random weights. */
import Type, { type Static } from 'typebox';
import { JOB_SECTION } from './job-section.ts';
import { anyOutput, networkSection } from './network-section.ts';
import type { RecipeEntry } from './recipe-entry.ts';
import { trainingSection } from './training-section.ts';

export const FeedbackAlignmentJobSpec = Type.Object(
  {
    recipe: Type.Literal('feedback-alignment', { description: 'Feedback alignment (2016).' }),
    ...JOB_SECTION,
    network: networkSection({
      layers: [784, 500, 10],
      activation: 'tanh',
      output: anyOutput(),
      readouts: ['squared-error', 'softmax-cross-entropy'],
      initialization: 'glorot-uniform',
    }),
    training: trainingSection({ epochs: 10, batchSize: 64, learningRates: [1e-3, 1e-3], optimizer: 'adam' }, {}),
  },
  { $id: 'FeedbackAlignmentJobSpec', additionalProperties: false },
);
export type FeedbackAlignmentJobSpec = Static<typeof FeedbackAlignmentJobSpec>;

export const feedbackAlignment = {
  name: 'feedback-alignment',
  title: 'Backpropagation through fixed random weights',
  citation: 'Lillicrap, Cownden, Tweed & Akerman, Nat. Commun. 7, 13276 (2016), doi:10.1038/ncomms13276',
  schema: FeedbackAlignmentJobSpec,
} as const satisfies RecipeEntry;
