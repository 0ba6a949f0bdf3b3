/** Which data a job sees, and what is done to samples before they are clamped. */
import Type, { type Static } from 'typebox';
import { closed, form } from './closed-object.ts';

const augmentation = closed(
  {
    crop_padding: Type.Integer({
      minimum: 0,
      maximum: 64,
      default: 0,
      description: 'Pixels that a training image may be shifted by, in each direction. Needs an image as input layer.',
    }),
    crop_fill: Type.Enum(['zero', 'edge'], {
      default: 'zero',
      description: 'What lies beyond the border of a shifted image.',
    }),
    flip: Type.Boolean({
      default: false,
      description: 'Shows half of the training images mirrored, left to right. Needs an image as input layer.',
    }),
  },
  'Random moves of training images, drawn anew in every epoch; test and validation images stay as they are.',
);

const normalization = Type.Union(
  [
    form('none', {}),
    form('per-channel', {
      deviation_scale: Type.Number({
        exclusiveMinimum: 0,
        maximum: 1_000,
        default: 1,
        description: 'Standard deviations per unit of input; 3 keeps most inputs within ±1.',
      }),
    }),
  ],
  {
    default: { kind: 'none' },
    description: 'How inputs are scaled: as they are, 0 to 1, or by mean and deviation of the training data.',
  },
);

export const datasetSection = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200, description: 'A dataset of GET /v1/datasets.' }),
    train_samples: Type.Optional(Type.Integer({ minimum: 1, description: 'Only the first so many; all when absent.' })),
    test_samples: Type.Optional(Type.Integer({ minimum: 1, description: 'Only the first so many; all when absent.' })),
    validation_samples: Type.Integer({
      minimum: 0,
      maximum: 100_000_000,
      default: 0,
      description: 'Held out from the end of the training samples, to choose the best epoch by.',
    }),
    augmentation,
    normalization,
  },
  { additionalProperties: false },
);
export type DatasetSection = Static<typeof datasetSection>;
