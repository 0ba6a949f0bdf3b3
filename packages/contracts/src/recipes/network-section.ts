/** Layers, connections, activations and initial weights. */
import Type, { type Static, type TSchema } from 'typebox';
import { MAXIMUM_CONNECTIONS, MAXIMUM_LAYERS, MAXIMUM_SKIPS } from '../limits.ts';
import { closed, orNull } from './closed-object.ts';

const ACTIVATIONS = [
  'hard-sigmoid',
  'half-hard-sigmoid',
  'clipped-relu',
  'logistic',
  'tanh',
  'holomorphic-hard-sigmoid',
  'identity',
] as const;
type ActivationName = (typeof ACTIVATIONS)[number];

const INITIALIZATIONS = [
  'glorot-uniform',
  'glorot-normal',
  'kaiming-uniform',
  'kaiming-normal',
  'fan-in-uniform',
] as const;

type ReadoutName = 'squared-error' | 'softmax-cross-entropy';

/** How lists with one entry per connection are ordered. */
export const CONNECTION_ORDER =
  'One per connection: ordered by the layer that it leads to, then by the layer that it comes from, which without skips ' +
  'is input first. A skip takes its place in this order.';

const size = (description: string) => Type.Integer({ minimum: 1, maximum: 1_000_000, description });
const side = (minimum: number, description: string) => Type.Integer({ minimum, maximum: 1_024, description });

const Pooling = Type.Object(
  {
    kind: Type.Enum(['max', 'average', 'softmax']),
    size: side(1, 'Side of the window and its stride; rows and columns that fill no window are dropped.'),
  },
  { additionalProperties: false },
);

const Convolution = Type.Object(
  {
    channels: size('Planes of this layer.'),
    kernel: side(1, 'Side of the square kernel.'),
    stride: Type.Integer({ minimum: 1, maximum: 1_024, default: 1 }),
    padding: Type.Integer({ minimum: 0, maximum: 1_024, default: 0, description: 'Zeros on every side.' }),
    pooling: orNull(Pooling, 'After the convolution; null for none.'),
  },
  { additionalProperties: false, description: 'A convolution of the layer below.' },
);

const Layer = Type.Union([
  size('Dense units; of the first layer: features.'),
  Type.Array(size('Channels, height or width.'), {
    minItems: 3,
    maxItems: 3,
    description: 'The first layer only: images as [channels, height, width].',
  }),
  Convolution,
]);

const Skip = Type.Object(
  {
    from: Type.Integer({ minimum: 0, maximum: MAXIMUM_LAYERS - 2, description: 'Number of a layer, the input is 0.' }),
    to: Type.Integer({ minimum: 2, maximum: MAXIMUM_LAYERS - 1, description: 'Number of a layer further above.' }),
    kernel: side(0, 'Side of the kernel of a convolution; 0 for a dense connection.'),
    stride: Type.Integer({ minimum: 1, maximum: 1_024, default: 1 }),
    padding: Type.Integer({ minimum: 0, maximum: 1_024, default: 0 }),
  },
  { additionalProperties: false },
);

/** Of the output where it settles with the rest. */
export const anyOutput = (preset: ActivationName | null = null) =>
  Type.Union([Type.Enum([...ACTIVATIONS]), Type.Null()], {
    default: preset,
    description: 'Of the output, where it settles with the rest; null for that of the hidden layers.',
  });

export const linearOutput = Type.Enum(['identity'], {
  default: 'identity',
  description: 'The outputs of this recipe are linear.',
});

/** An object that may leave out what has a default. */
type Preset<Schema extends TSchema, Needed extends keyof Static<Schema>> = Partial<Static<Schema>> &
  Pick<Static<Schema>, Needed>;

export interface NetworkDefaults<Readouts extends readonly ReadoutName[], Output extends TSchema> {
  readonly layers: readonly (number | readonly number[] | Preset<typeof Convolution, 'channels' | 'kernel'>)[];
  readonly skips?: readonly Preset<typeof Skip, 'from' | 'to' | 'kernel'>[];
  readonly activation: ActivationName;
  readonly output: Output;
  /** Those that the recipe can work with, its default first. */
  readonly readouts: Readouts;
  readonly initialization: (typeof INITIALIZATIONS)[number];
}

export const networkSection = <const Readouts extends readonly ReadoutName[], Output extends TSchema>(
  defaults: NetworkDefaults<Readouts, Output>,
) =>
  closed(
    {
      layers: Type.Array(Layer, {
        minItems: 2,
        maxItems: MAXIMUM_LAYERS,
        default: [...defaults.layers],
        description:
          'Input first. The input is as wide as the data, the last layer has a unit per class. Numbers are dense layers.',
      }),
      skips: Type.Array(Skip, {
        maxItems: MAXIMUM_SKIPS,
        default: [...(defaults.skips ?? [])],
        description: 'Connections that pass over layers; each must give the shape of the layer that it leads to.',
      }),
      activation: Type.Enum([...ACTIVATIONS], { default: defaults.activation, description: 'Of the hidden layers.' }),
      output_activation: defaults.output,
      readout: Type.Enum<Readouts[number][]>([...defaults.readouts], {
        default: defaults.readouts[0],
        description:
          'squared-error: the last layer settles with the rest. softmax-cross-entropy: it reads the layer below it and ' +
          'takes no part in settling.',
      }),
      initialization: Type.Enum([...INITIALIZATIONS], {
        default: defaults.initialization,
        description: 'The law that initial weights are drawn by.',
      }),
      gains: Type.Array(Type.Number({ exclusiveMinimum: 0, maximum: 1_000 }), {
        maxItems: MAXIMUM_CONNECTIONS,
        default: [],
        description: `Factors on the initial weights; [] for 1 throughout. ${CONNECTION_ORDER}`,
      }),
      bias_gain: Type.Number({
        minimum: 0,
        maximum: 1_000,
        default: 1,
        description: 'Factor on initial biases, which only fan-in-uniform draws.',
      }),
    },
    'Layers in a chain, the first clamped to the input, with skips where there are any.',
  );

export type NetworkSection = Static<
  ReturnType<typeof networkSection<readonly ReadoutName[], ReturnType<typeof anyOutput>>>
>;
