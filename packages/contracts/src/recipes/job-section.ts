/** What every job has, whatever its recipe. */
import Type from 'typebox';
import { MAXIMUM_LANES } from '../limits.ts';
import { closed } from './closed-object.ts';
import { datasetSection } from './dataset-section.ts';

export const JOB_SECTION = {
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'For people; need not be unique.' })),
  dataset: datasetSection,
  target: Type.Enum(['cpu'], { default: 'cpu', description: 'Where the network settles.' }),
  precision: Type.Enum(['float32', 'float64'], {
    default: 'float32',
    description: 'Of states and weights. `float64` is slower, and what is compared with other float64 programs.',
  }),
  determinism: Type.Enum(['fast', 'portable'], {
    default: 'fast',
    description:
      '`fast`: the native kernels where a worker has them, which give the same bits on all processors of one instruction set. ' +
      '`portable`: only kernels that give the same bits on every machine.',
  }),
  lanes: Type.Integer({
    minimum: 1,
    maximum: MAXIMUM_LANES,
    default: 1,
    description:
      'Threads that compute the job together, and slots that it takes of a worker. With fewer free slots it gets as many lanes ' +
      'as there are. No number of lanes changes a bit of the result.',
  }),
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
