/** What every job has, whatever its recipe. */
import Type from 'typebox';
import { closed } from './closed-object.ts';
import { datasetSection } from './dataset-section.ts';

export const JOB_SECTION = {
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'For people; need not be unique.' })),
  dataset: datasetSection,
  target: Type.Enum(['cpu'], { default: 'cpu', description: 'Where the network settles.' }),
  seed: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    default: 1,
    description: 'Of every random stream: initial weights, shuffling, moves of images, random signs.',
  }),
  limits: closed(
    {
      max_attempts: Type.Integer({
        minimum: 1,
        maximum: 100,
        default: 3,
        description: 'Workers that may be lost in a row, without a new checkpoint in between, before the job fails.',
      }),
    },
    'What the job may use.',
  ),
};
